//! Guards around all routes, before anything is looked up: by which name a caller came, from which
//! site, and the headers that each answer has.

mod host;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use crate::reply::line;
use crate::shared::Shared;

pub(crate) use host::Hosts;

/// The longest body of a request, in bytes.
const MAX_BODY: usize = 4 << 20;

/// Scripts, styles and connections of this server only; no frames, no forms, no markup from text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types bus";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Puts the guards around all routes.
pub(crate) fn around(router: Router, shared: Arc<Shared>) -> Router {
    router
        .fallback(async || {
            line(
                StatusCode::NOT_FOUND,
                "nothing is here: see `events`, `events.json`, `stats` and `catalogue`",
            )
        })
        .method_not_allowed_fallback(async || {
            line(StatusCode::METHOD_NOT_ALLOWED, "this route has no such method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(shared, guard))
}

async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut answer = match refuse(&shared.hosts, &parts) {
        Some((status, text)) => line(status, text),
        None => next.run(Request::from_parts(parts, body)).await,
    };
    for (name, value) in HEADERS {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}

fn refuse(hosts: &Hosts, parts: &Parts) -> Option<(StatusCode, String)> {
    let forbidden = |text: String| Some((StatusCode::FORBIDDEN, text));
    let host = match host::of(parts) {
        Ok(host) => host,
        Err(text) => return Some((StatusCode::BAD_REQUEST, text.to_owned())),
    };
    if !hosts.has(&host) {
        return forbidden(format!(
            "the host `{}` is not served here: name it with `.hosts([..])` if it is yours",
            host.escape_debug()
        ));
    }
    let text_of = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text_of("sec-fetch-site") == Some("cross-site") {
        return forbidden("a page of another site sent this request: open the address itself".to_owned());
    }
    if let Some(origin) = text_of("origin")
        && !hosts.has_origin(origin, &host)
    {
        return forbidden(format!(
            "the origin `{}` is another site: name its host with `.hosts([..])` if it is yours",
            origin.escape_debug()
        ));
    }
    let length = text_of("content-length").and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return Some((StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {MAX_BODY} bytes")));
    }
    None
}
