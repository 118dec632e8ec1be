//! The server: a page, a route that starts an execution, and the events of the bus below `/bus`.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use bus_agent::AgentEventsEmit;
use bus_core::EventBus;
use bus_web::Access;

use crate::work;

/// `GET /` is the page, `POST /executions` starts an execution, and
/// `GET /bus/events?execution=ID` follows it.
pub(crate) fn router(bus: &EventBus) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/executions", post(start))
        .with_state(bus.clone())
        .nest("/bus", bus_web::web(bus, Access::loopback()).into_router())
}

/// Answers with the id of the execution. It has the id of an event in it, so that no other run of
/// this server uses it again.
async fn start(State(bus): State<EventBus>, text: String) -> Response {
    let received =
        bus.stream("web").emit_webhook_received("/executions", "POST", BTreeMap::new(), text.as_str()).await;
    let Some(id) = received.id() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "closing\n").into_response();
    };
    let execution = format!("exec-{id}");
    tokio::spawn(work::speak(bus.stream("web").execution(&execution), text));
    execution.into_response()
}
