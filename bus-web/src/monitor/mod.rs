//! The page at `/`. Its sources are in `ui/`; `cargo xtask monitor` writes `assets/` from them.
//!
//! The page has no event in it: it reads `events.json`, `events` and `catalogue` like any other
//! client, by addresses relative to its own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Path, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bus_core::EventId;

use crate::reply::line;
use crate::shared::Shared;

const PAGE: &[u8] = include_bytes!("../../assets/index.html");
const SCRIPT: &[u8] = include_bytes!("../../assets/monitor.js");
const STYLE: &[u8] = include_bytes!("../../assets/monitor.css");

/// Returns the routes of the page and of its files.
pub(crate) fn router(_shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/index.html", get(page))
        .route("/monitor.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/monitor.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/e/{id}", get(event))
}

/// The page at the root. Its links are relative, so an address without a slash at its end leads
/// into the folder: a router that axum nests at `/bus` answers `/bus`, and not `/bus/`.
async fn root(OriginalUri(uri): OriginalUri, RawQuery(query): RawQuery) -> Response {
    match uri.path().rsplit('/').next() {
        None | Some("") => page().await,
        Some(folder) => {
            let query = query.map_or_else(String::new, |query| format!("?{query}"));
            redirect(format!("{folder}/index.html{query}"))
        }
    }
}

async fn page() -> Response {
    file("text/html; charset=utf-8", PAGE)
}

/// The stable link of an event.
async fn event(Path(id): Path<String>) -> Response {
    match id.parse::<EventId>() {
        Ok(id) => redirect(format!("../index.html?e={id}")),
        Err(error) => line(StatusCode::NOT_FOUND, error.to_string()),
    }
}

fn redirect(location: String) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A file that the browser asks for anew each time: after an update, all three fit each other.
fn file(kind: &'static str, content: &'static [u8]) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content).into_response()
}
