//! The page at `/`.

use std::sync::Arc;

use axum::Router;

use crate::shared::Shared;

/// Returns the routes of the page and of its files.
pub(crate) fn router(_shared: &Arc<Shared>) -> Router {
    Router::new()
}
