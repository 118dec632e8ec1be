//! Events, counts and kinds as text.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};

use crate::access::Caller;
use crate::reply::{json, line};
use crate::shared::Shared;

/// Returns the routes that read.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    Router::new().route("/stats", get(stats)).with_state(Arc::clone(shared))
}

/// The counts are those of the whole bus.
async fn stats(State(shared): State<Arc<Shared>>, Extension(caller): Extension<Caller>) -> Response {
    if !caller.filter.is_empty() {
        return line(
            StatusCode::FORBIDDEN,
            "the counts are of the whole bus, and this caller sees a part of it",
        );
    }
    match serde_json::to_vec(&shared.bus.stats()) {
        Ok(text) => json(text),
        Err(error) => line(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
