//! The body of an answer: events as they come, until the one that ends the run.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bus_core::{AnyEvent, EventsAndGaps, Lagged};
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval_at, sleep_until};

use super::agent::{Returned, Run};
use super::event::AguiEvent;
use super::mapper::Mapper;
use crate::shared::Shared;

/// Clients time out after 5 s of silence.
const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// A text that stops is sent after this time.
const PATIENCE: Duration = Duration::from_millis(50);

/// Events in one piece of the body.
const AT_ONCE: usize = 64;

/// A run and its reader.
pub(super) struct Follower {
    pub(super) shared: Arc<Shared>,
    pub(super) events: EventsAndGaps,
    pub(super) mapper: Mapper,
    /// The call that emits the events, if this server made it.
    pub(super) run: Option<Arc<Run>>,
    /// Ended when the reader goes away.
    pub(super) agent: Option<AbortHandle>,
}

impl Follower {
    /// Takes one event or gap.
    pub(super) fn take(&mut self, item: Result<AnyEvent, Lagged>, out: &mut Vec<AguiEvent>) {
        match item {
            Ok(event) => {
                let meaning = self.shared.agui.map.as_ref().and_then(|map| map(&event));
                self.mapper.event_as(&event, meaning, out);
            }
            Err(gap) => self.mapper.gap(&gap, SystemTime::now(), out),
        }
    }

    /// Answers with these events and with what follows.
    pub(super) fn answer(self, first: &[AguiEvent]) -> Response {
        let (sender, frames) = mpsc::channel(4);
        let is_ended = self.mapper.is_ended();
        let begin = frame(":\n\n", first);
        // There is room: nothing was sent yet.
        let _ = sender.try_send(begin);
        if !is_ended {
            tokio::spawn(self.follow(sender));
        }
        let headers = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-cache, no-store"),
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        (headers, Body::from_stream(Frames(frames))).into_response()
    }

    async fn follow(mut self, sender: mpsc::Sender<Bytes>) {
        let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        let mut closing = std::pin::pin!(self.shared.closed());
        let mut returned = self.run.as_ref().map(|run| run.returned.subscribe());
        let mut flush = None;
        while !self.mapper.is_ended() {
            let mut out = Vec::new();
            tokio::select! {
                biased;
                () = sender.closed() => return self.leave(),
                () = &mut closing => {
                    self.mapper.fail("server_closing", "the server shuts down: join the run again", SystemTime::now(), &mut out);
                }
                item = self.events.recv() => match item {
                    Some(item) => self.take_all(item, &mut out),
                    None => self.mapper.fail("stream_ended", "the bus is closed", SystemTime::now(), &mut out),
                },
                () = has_returned(&mut returned) => self.drain(&mut out),
                () = until(flush) => self.mapper.flush(SystemTime::now(), &mut out),
                _ = keep_alive.tick() => {}
            }
            let text = if out.is_empty() && !self.mapper.has_pending() { ":\n\n" } else { "" };
            flush = self.mapper.has_pending().then(|| flush.unwrap_or_else(|| Instant::now() + PATIENCE));
            if flush.is_some_and(|at| at <= Instant::now()) {
                self.mapper.flush(SystemTime::now(), &mut out);
                flush = None;
            }
            let frame = frame(text, &out);
            if !frame.is_empty() && sender.send(frame).await.is_err() {
                return self.leave();
            }
        }
        if self.mapper.late() > 0 {
            tracing::debug!(target: "bus_web", late = self.mapper.late(), "events came after the end of their execution");
        }
    }

    /// Takes an event and those that wait behind it.
    fn take_all(&mut self, first: Result<AnyEvent, Lagged>, out: &mut Vec<AguiEvent>) {
        self.take(first, out);
        for _ in 1..AT_ONCE {
            if self.mapper.is_ended() {
                return;
            }
            let Some(item) = self.events.try_recv() else { return };
            self.take(item, out);
        }
    }

    /// The agent has returned: all its events are here.
    fn drain(&mut self, out: &mut Vec<AguiEvent>) {
        while !self.mapper.is_ended()
            && let Some(item) = self.events.try_recv()
        {
            self.take(item, out);
        }
        let returned = self.run.as_ref().and_then(|run| run.returned.borrow().clone());
        if let Some(returned) = returned {
            self.mapper.fail(returned.code, &returned.message, SystemTime::now(), out);
        }
    }

    /// The reader is gone.
    fn leave(self) {
        if let Some(agent) = self.agent {
            agent.abort();
        }
    }
}

async fn has_returned(run: &mut Option<watch::Receiver<Option<Returned>>>) {
    if let Some(run) = run
        && run.wait_for(Option::is_some).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// One event is one frame on one line.
fn frame(begin: &str, events: &[AguiEvent]) -> Bytes {
    let mut text = begin.to_owned();
    for event in events {
        text.push_str("data: ");
        text.push_str(&event.to_json());
        text.push_str("\n\n");
    }
    text.into()
}

struct Frames(mpsc::Receiver<Bytes>);

impl Stream for Frames {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
