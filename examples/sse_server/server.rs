//! The server: a page, and one execution's events as server-sent events, from the first one or from
//! the one behind the last that arrived.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use bus_agent::{AgentEventsEmit, ExecutionCompleted, ExecutionFailed, ExecutionStarted};
use bus_core::{AnyEvent, EventBus, EventId, EventsAndGaps, Lagged, Since, WaitError};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;

use crate::work;

/// How long a reader may be here before the first event of its execution.
const WAIT: Duration = Duration::from_secs(1);

/// `GET /` is the page, `POST /executions` starts an execution, and `GET /executions/{id}/events`
/// follows it.
pub(crate) fn router(bus: EventBus) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/executions", post(start))
        .route("/executions/{id}/events", get(follow))
        .with_state(bus)
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

/// A browser's `EventSource` sends `Last-Event-ID` by itself when it connects again, and gives up
/// for good if the answer to that is an error. So only a first connection gets one.
async fn follow(State(bus): State<EventBus>, Path(execution): Path<String>, headers: HeaderMap) -> Response {
    // Some clients send the header without a value at first.
    let last = headers.get("last-event-id").filter(|last| !last.is_empty());
    let cursor: Option<EventId> = last.and_then(|last| last.to_str().ok()?.parse().ok());
    if cursor.is_some_and(|cursor| has_all(&bus, &execution, cursor)) {
        return StatusCode::NO_CONTENT.into_response(); // the browser must not connect again
    }
    let subscribe = || bus.subscribe_any().execution(&execution).name("web").capacity(1024);
    let first = subscribe().since(Since::Beginning).first().timeout(WAIT).await;
    let since = match (&first, cursor) {
        (Err(WaitError::Closed), _) => {
            return (StatusCode::SERVICE_UNAVAILABLE, "closing\n").into_response();
        }
        (Err(_), _) if last.is_none() => {
            return (StatusCode::NOT_FOUND, "no such execution\n").into_response();
        }
        (_, Some(cursor)) => Since::After(cursor),
        // History evicts events of others too, which is no gap in an execution that is all there.
        (Ok(first), None) if first.payload::<ExecutionStarted>().is_some() => Since::Time(first.timestamp()),
        (_, None) => Since::Beginning,
    };
    let mut events = subscribe().since(since).into_stream().with_gaps();
    let mut begin = vec![Frame::default().comment(execution.as_str())];
    if last.is_some() && cursor.is_none() {
        begin.push(Frame::default().event("gap").data(r#"{"cause":"unknown_cursor"}"#));
    }
    if first.is_err() {
        begin.extend(events.try_recv().map(frame));
        begin.push(Frame::default().event("end").data(r#"{"cause":"unknown_execution"}"#));
    }
    let body = stream::iter(begin).chain(frames(first.is_ok().then_some(events))).map(Ok::<_, Infallible>);
    // Some clients take five seconds without a byte for a broken connection.
    Sse::new(body).keep_alive(KeepAlive::new().interval(Duration::from_secs(4))).into_response()
}

/// Whether a reader that has seen the event of this id has seen the end of the execution.
fn has_all(bus: &EventBus, execution: &str, cursor: EventId) -> bool {
    let ends = bus.history().execution(execution).limit(1).typed::<(ExecutionCompleted, ExecutionFailed)>();
    ends.iter().any(|end| end.cursor().run() == cursor.run() && end.cursor() <= cursor)
}

/// The frames of an execution until its end.
fn frames(events: Option<EventsAndGaps>) -> impl Stream<Item = Frame> {
    let parts = stream::unfold(events, async |events| {
        let mut events = events?;
        let next = events.recv().await?;
        let over = next.as_ref().is_ok_and(ends);
        let end = over.then(|| Frame::default().event("end").data("{}"));
        Some((stream::iter([frame(next)].into_iter().chain(end)), (!over).then_some(events)))
    });
    parts.flatten()
}

/// A gap is sent like an event of its own, so that the page can show it.
fn frame(next: Result<AnyEvent, Lagged>) -> Frame {
    match next {
        Ok(event) => Frame::default().id(event.cursor().to_string()).data(event.to_json()),
        Err(gap) => Frame::default().event("gap").data(json!(gap).to_string()),
    }
}

fn ends(event: &AnyEvent) -> bool {
    event.payload::<ExecutionCompleted>().is_some() || event.payload::<ExecutionFailed>().is_some()
}
