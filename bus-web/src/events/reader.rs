//! One reader of server-sent events.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bus_core::AnyEvent;
use bus_core::catalogue::Life;
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::asked::Asked;
use super::feed::{Feed, Item, Next};
use super::follow::END;
use super::frame::{closing, gap, named};
use super::past::step_of;
use crate::shared::Shared;

/// Some clients take five seconds without a byte for a broken connection.
const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// The state of a reader between two frames.
pub(super) struct Reader {
    shared: Arc<Shared>,
    asked: Asked,
    ready: VecDeque<Bytes>,
    /// The body ends behind what is ready.
    is_over: bool,
}

struct Open {
    reader: Reader,
    feed: Feed,
    closed: Pin<Box<dyn Future<Output = ()> + Send>>,
    silence: Interval,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, asked: Asked, begin: Vec<Bytes>) -> Self {
        Self { shared, asked, ready: begin.into(), is_over: false }
    }

    pub(super) fn execution(&self) -> Option<&str> {
        self.asked.execution()
    }

    /// Makes the frames of what comes next.
    pub(super) fn take(&mut self, next: &Next) {
        match next {
            Next::Item(item) => self.take_item(item),
            Next::Live => self.ready.push_back(named("live", None, &json!({}))),
            Next::End => self.close(),
        }
    }

    /// Ends the body because the bus or the server is closed: whoever reads it knows then that it
    /// is no broken connection.
    fn close(&mut self) {
        self.ready.push_back(closing());
        self.is_over = true;
    }

    fn take_item(&mut self, item: &Item) {
        let event = match item {
            Ok(event) => event,
            Err(missing) => return self.ready.push_back(gap(missing)),
        };
        let is_one = self.execution().is_some();
        // The events of one execution are read whole.
        if !is_one || self.asked.filter.matches(event) {
            self.ready.push_back(self.shared.frames.of(event, self.asked.view));
        }
        if is_one && step_of(event).is_some_and(Life::is_end) {
            self.end(event);
        }
    }

    /// Ends the body of one execution, which this event ended.
    pub(super) fn end(&mut self, event: &AnyEvent) {
        let id = format!("{}{END}", event.cursor());
        let state = step_of(event).map(Life::as_str);
        self.ready.push_back(named("end", Some(&id), &json!({ "state": state })));
        self.is_over = true;
    }

    /// The frames until the end of the execution, of the bus or of the server.
    pub(super) fn frames(self, feed: Feed) -> impl Stream<Item = Bytes> + Send {
        let mut silence = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        silence.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let closed = Box::pin(self.shared.closed());
        let open = Open { reader: self, feed, closed, silence };
        stream::unfold(open, async |mut open| open.next().await.map(|frame| (frame, open)))
    }
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.reader.ready.pop_front() {
                return Some(frame);
            }
            if self.reader.is_over {
                return None;
            }
            let Self { reader, feed, closed, silence } = self;
            tokio::select! {
                biased;
                () = &mut *closed => reader.close(),
                next = feed.next() => reader.take(&next),
                _ = silence.tick() => reader.ready.push_back(Bytes::from_static(b": \n")),
            }
        }
    }
}
