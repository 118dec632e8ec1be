//! Answers that are no events: a status and one line of text.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Returns an answer with one line of text.
pub(crate) fn line(status: StatusCode, text: impl AsRef<str>) -> Response {
    let text = format!("{}\n", text.as_ref());
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// Returns an answer with JSON text.
pub(crate) fn json(text: impl Into<axum::body::Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, text.into()).into_response()
}
