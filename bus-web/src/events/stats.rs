//! `GET stats`: the counts of the bus.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::access::Caller;
use crate::reply::{json, line};
use crate::shared::Shared;

/// The counts are those of the whole bus, so only a caller that may see everything gets them.
pub(crate) async fn stats(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if !caller.filter.is_empty() {
        return line(
            StatusCode::FORBIDDEN,
            "the counts are of the whole bus, and this caller may see a part of it",
        );
    }
    match serde_json::to_vec(&shared.bus.stats()) {
        Ok(text) => json(text),
        Err(error) => line(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
