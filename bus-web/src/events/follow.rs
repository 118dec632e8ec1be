//! `GET events`: the past and live events as server-sent events.
//!
//! The rules of the bytes come from how clients read them. A comment stands in a line of its own
//! without an empty line behind it, and `retry` and `id` stand in frames with data, because some
//! clients take each empty line for an event. A reader that connects again gets 200 or 204, never
//! an error: browsers would give up for good.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bus_core::catalogue::Life;
use bus_core::{EventId, Filter, Since};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde_json::json;

use super::asked::Asked;
use super::feed::{Feed, Next};
use super::frame::{closing, gap, named};
use super::past::{self, step_of};
use super::reader::Reader;
use crate::access::Caller;
use crate::reply::line;
use crate::shared::Shared;

/// How long a reader that connects again waits for its execution at most: it hears nothing
/// meanwhile.
const WAIT_AGAIN: Duration = Duration::from_secs(1);

const CLOSED: &str = "the bus is closed";

const KNOWN: [&str; 9] = ["q", "kind", "stream", "node", "execution", "correlation", "since", "wait", "view"];

/// Where a reader that connects again was: `Err` if the header is no cursor.
type Last = Option<Result<EventId, ()>>;

/// The end of the id of the frame that ends an execution. A browser sends it back, and must not
/// come again; one whose connection was cut before that frame gets it.
pub(super) const END: &str = ".end";

pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = match Asked::read(query.as_deref(), &KNOWN) {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    if asked.execution().is_some() && has_seen_end(&headers) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let last = last_event(&headers);
    let mut begin = Vec::new();
    if matches!(last, Some(Err(()))) {
        begin.push(named(
            "gap",
            None,
            &json!({ "from": null, "to": null, "missed": null, "cause": "unknown_cursor" }),
        ));
    }
    let since = match place(&shared, &caller, &asked, last).await {
        Ok(since) => since,
        Err(Refusal::Answer(answer)) => return *answer,
        Err(Refusal::Frame(frame)) => {
            if let Some(Ok(cursor)) = last
                && let Some(Next::Item(Err(missing))) =
                    open(&shared, &caller.filter, &asked, Since::After(cursor)).now().await
            {
                begin.push(gap(&missing));
            }
            begin.push(frame);
            return body(futures_util::stream::iter(opening().chain(begin)));
        }
    };
    let mut feed = open(&shared, &caller.filter, &asked, since);
    let mut reader = Reader::new(Arc::clone(&shared), asked, begin);
    let comes_back = matches!(last, Some(Ok(_)));
    match reader.execution().filter(|_| comes_back) {
        Some(execution) => match feed.next().await {
            Next::Live => match past::end_of(&shared.bus, &caller.filter, execution).await {
                // It was cut off before the last frame.
                Some(end) => reader.end(&end),
                None => reader.take(&Next::Live),
            },
            next => reader.take(&next),
        },
        None => match feed.now().await {
            Some(Next::End) if last.is_none() => return line(StatusCode::SERVICE_UNAVAILABLE, CLOSED),
            next => next.iter().for_each(|next| reader.take(next)),
        },
    }
    body(futures_util::stream::iter(opening()).chain(reader.frames(feed)))
}

fn has_seen_end(headers: &HeaderMap) -> bool {
    headers.get("last-event-id").is_some_and(|last| last.as_bytes().ends_with(END.as_bytes()))
}

/// Reads the header by which a client says where it was. Some send it without a value at first.
fn last_event(headers: &HeaderMap) -> Last {
    let last = headers.get("last-event-id").filter(|last| !last.is_empty())?;
    Some(last.to_str().ok().and_then(|last| last.parse().ok()).ok_or(()))
}

enum Refusal {
    Answer(Box<Response>),
    /// The only frame for a reader that connects again.
    Frame(Bytes),
}

/// Where the events begin: with those of one execution unless set, else with the next one.
async fn place(shared: &Shared, caller: &Caller, asked: &Asked, last: Last) -> Result<Since, Refusal> {
    let Some(execution) = asked.execution() else {
        return Ok(match last {
            Some(Ok(cursor)) => Since::After(cursor),
            Some(Err(())) => asked.since.unwrap_or(Since::Beginning),
            None => asked.since.unwrap_or_default(),
        });
    };
    let wait = if last.is_some() { asked.wait.min(WAIT_AGAIN) } else { asked.wait };
    let refuse = |status, text: &str, again: Bytes| match last {
        Some(_) => Refusal::Frame(again),
        None => Refusal::Answer(Box::new(line(status, text))),
    };
    let first = past::first_of(&shared.bus, &caller.filter, execution, wait).await.map_err(|_| {
        let text = format!("no execution `{}` is known: `wait=10s` waits for one", execution.escape_debug());
        refuse(StatusCode::NOT_FOUND, &text, named("end", None, &json!({ "cause": "unknown_execution" })))
    })?;
    let first = first.ok_or_else(|| refuse(StatusCode::SERVICE_UNAVAILABLE, CLOSED, closing()))?;
    Ok(match (last, asked.since) {
        (Some(Ok(cursor)), _) => Since::After(cursor),
        (_, Some(since)) if since != Since::Beginning => since,
        // History evicts events of others too, which is no gap in an execution that is all there.
        _ if step_of(&first) == Some(Life::Begins) => Since::Time(first.timestamp()),
        _ => Since::Beginning,
    })
}

/// The events of one execution are read whole, so that its end is seen whatever is asked for.
fn open(shared: &Shared, seen: &Filter, asked: &Asked, since: Since) -> Feed {
    let whole = asked.execution().map(|execution| Filter::new().execution(execution));
    Feed::new(&shared.bus, [seen, whole.as_ref().unwrap_or(&asked.filter)], since)
}

/// The beginning of a body: a comment in ASCII, and the time to wait before connecting again, which
/// belongs to the first frame.
fn opening() -> impl Iterator<Item = Bytes> {
    std::iter::once(Bytes::from_static(b": events of a bus\nretry: 1000\n"))
}

fn body(frames: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let frames = frames.map(Ok::<_, std::convert::Infallible>);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // For proxies that would gather the answer.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(frames)).into_response()
}
