//! The server: one execution's events as server-sent events, resumed after the last one that
//! arrived.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bus_agent::{AgentEventsEmit, ExecutionCompleted, ExecutionFailed};
use bus_core::{AnyEvent, EventBus, EventId, Lagged};
use futures_util::stream;

use crate::work;

/// `POST /executions` starts one, `GET /executions/{id}/events` follows it.
pub(crate) fn router(bus: EventBus) -> Router {
    Router::new()
        .route("/executions", post(start))
        .route("/executions/{id}/events", get(follow))
        .with_state(bus)
}

/// Answers with the id of the execution and the id of an event before its first one, as a cursor.
async fn start(State(bus): State<EventBus>, text: String) -> Response {
    let received =
        bus.stream("web").emit_webhook_received("/executions", "POST", BTreeMap::new(), text.as_str()).await;
    let Some(since) = received.id() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "closing").into_response();
    };
    let execution = format!("exec-{}", since.seq());
    tokio::spawn(work::speak(bus.stream("web").execution(&execution), text));
    format!("{execution} {since}\n").into_response()
}

/// A browser's `EventSource` sends `Last-Event-ID` by itself when it connects again.
async fn follow(State(bus): State<EventBus>, Path(execution): Path<String>, headers: HeaderMap) -> Response {
    let mut subscribe = bus.subscribe_any().execution(&execution).name("web").capacity(1024);
    if let Some(last) = headers.get("last-event-id") {
        let Some(last) = last.to_str().ok().and_then(|text| text.parse::<EventId>().ok()) else {
            return (StatusCode::BAD_REQUEST, "Last-Event-ID is not an id of ours\n").into_response();
        };
        let newest = bus.history().execution(&execution).limit(1).collect();
        if newest.first().is_some_and(|event| ends(event) && event.id() == last) {
            return StatusCode::NO_CONTENT.into_response(); // everything was sent: the browser must not reconnect
        }
        subscribe = subscribe.since(last);
    }
    let events = stream::unfold(Some(subscribe.into_stream().with_gaps()), async |events| {
        let mut events = events?;
        let next = events.recv().await?;
        let over = next.as_ref().is_ok_and(ends);
        Some((Ok::<_, Infallible>(frame(next)), (!over).then_some(events)))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

/// A gap is sent like an event of its own, so that the page can show it.
fn frame(next: Result<AnyEvent, Lagged>) -> Frame {
    match next {
        Ok(event) => Frame::default().id(event.id().to_string()).data(event.to_json()),
        Err(lagged) => Frame::default().event("lagged").data(lagged.to_string()),
    }
}

fn ends(event: &AnyEvent) -> bool {
    event.payload::<ExecutionCompleted>().is_some() || event.payload::<ExecutionFailed>().is_some()
}
