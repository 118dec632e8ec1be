//! Events, counts and kinds, as they are read over HTTP.

mod asked;
mod catalogue;
mod feed;
mod follow;
mod frame;
mod one;
mod page;
mod past;
mod reader;
mod row;
mod stats;
mod summary;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::shared::Shared;

pub(crate) use frame::Frames;

/// Returns the routes that read.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/events", get(follow::follow))
        .route("/events.json", get(page::page))
        .route("/events/{id}", get(one::one))
        .route("/stats", get(stats::stats))
        .route("/catalogue", get(catalogue::catalogue))
        .with_state(Arc::clone(shared))
}
