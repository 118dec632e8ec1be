//! AG-UI: executions as runs.

use std::sync::Arc;

use axum::Router;

use crate::shared::Shared;

/// Returns the routes of AG-UI.
pub(crate) fn router(_shared: &Arc<Shared>) -> Router {
    Router::new()
}
