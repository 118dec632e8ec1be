//! Subscriptions that read the store of the bus.

use std::sync::Arc;

use super::{Plan, Subscribe};
use crate::bus::EventBus;
use crate::delivery::{
    CatchUp, Consumer, Core, Info, Kinds, LagCause, Lagged, Miss, Overflow, PastBegin, Retry, fits, takes,
};
use crate::error::SubscribeError;
use crate::event::{EventId, KindRef, Stored};
use crate::payload::Descriptor;
use crate::since::Since;
use crate::store::{Archive, Item};

/// The settings of a consumer, which count once it has a name.
pub(crate) struct ConsumerPlan {
    name: Option<Arc<str>>,
    first: Since,
    retry: Retry,
}

impl Default for ConsumerPlan {
    fn default() -> Self {
        Self { name: None, first: Since::Beginning, retry: Retry::default() }
    }
}

/// The part of the store that a subscription reads.
pub(super) struct Past {
    begin: PastBegin,
    /// The cursor is no position of the log.
    pub(super) miss: Option<Miss>,
}

impl<S, T, M> Subscribe<S, T, M> {
    /// Makes the subscription a consumer: its position is kept in the store under this name, and
    /// outlives the process. The bus needs a store that can be read, such as a journal.
    ///
    /// A consumer reads from the store only, in order, and gets each event at least once, also
    /// those that were recorded while no process had the consumer. Its position moves when its
    /// handler returns `Ok`; an error, a panic or a time-out brings the event again after a while
    /// (see [`retry`](Self::retry)). It gets events after their commit, and no emit waits for it.
    /// A [`batch`](Self::batch) is of one page of the store, which has at most 4,096 events.
    ///
    /// A new name begins with the first event that the store has, or where
    /// [`first_time`](Self::first_time) says. Two consumers of one bus cannot have one name. A
    /// closing bus waits until its consumers have handled all that is recorded, but not for
    /// another try. Fields with `redact` are redacted in what it gets: it needs
    /// [`accept_redacted`](Self::accept_redacted) where a kind has some. Its position is read from
    /// the store on the thread that subscribes. A runtime without timers is an error.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let store = Arc::new(bus_core::testing::MemoryStore::new());
    /// let bus = bus_core::EventBus::builder().store(store.clone()).build().unwrap();
    /// let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    /// let _guard = bus.subscribe_any().consumer("warehouse").with(sender).handle(
    ///     async |sender, event| Ok(sender.send(event.kind().to_owned())?),
    /// );
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).send();
    /// assert_eq!(sent.recv().await.unwrap(), "asked");
    /// # }
    /// ```
    pub fn consumer(mut self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.plan.name.get_or_insert_with(|| Arc::clone(&name));
        self.plan.consumer.name = Some(name);
        self
    }

    /// Sets where a [consumer](Self::consumer) begins whose name the store does not know: at the
    /// beginning unless set. It has no effect on one that the store knows, and on a subscription
    /// that is no consumer.
    pub fn first_time(mut self, since: impl Into<Since>) -> Self {
        self.plan.consumer.first = since.into();
        self
    }

    /// Sets when a [consumer](Self::consumer) gets an event again that its handler could not
    /// handle: after 100 ms, then after twice as long each time, at most 60 s, for ever, unless
    /// set. It has no effect on a subscription that is no consumer.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.plan.consumer.retry = retry;
        self
    }

    /// Accepts that `redact` fields are redacted in events that come from the store, which never
    /// has their values. Unless set, a subscription that reads the store is refused where a kind
    /// has such fields: its handler would see the value live and `"[redacted]"` later.
    /// [`is_archived`](crate::Event::is_archived) says which of the two an event is.
    pub fn accept_redacted(mut self) -> Self {
        self.plan.accepts_redacted = true;
        self
    }
}

impl<S, T, M> Subscribe<S, T, M> {
    /// Delivers each event after its commit, and never one that is not recorded: what this
    /// subscription has seen is in the store, whatever happens next. The bus needs a store that can
    /// be read, such as a journal.
    ///
    /// The events are read from the store, in order, each once. Those that could not be recorded
    /// are a gap with the cause [`NotRecorded`](crate::LagCause::NotRecorded). A kind that the
    /// store leaves out is an error where it is named by its type, and never comes otherwise. No
    /// emit waits for such a subscription, and `close` waits until its handler has handled all that
    /// is recorded. Fields with `redact` are redacted in what it gets: it needs
    /// [`accept_redacted`](Self::accept_redacted) where a kind has some. Its position is not kept:
    /// that is a [`consumer`](Self::consumer).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let store = Arc::new(bus_core::testing::MemoryStore::new());
    /// let bus = bus_core::EventBus::builder().store(store.clone()).build().unwrap();
    /// let mut events = bus.subscribe_any().recorded_only().into_stream();
    /// bus.stream("desk").emit_dynamic("paid", serde_json::json!({})).send();
    /// let event = events.recv().await.unwrap();
    /// assert_eq!(store.events()[0].id(), event.id());
    /// # }
    /// ```
    pub fn recorded_only(mut self) -> Self {
        self.plan.recorded_only = true;
        self
    }
}

impl Core {
    /// The part of the store that a subscription reads, if it does.
    pub(super) fn past_of(
        &self,
        plan: &mut Plan,
        overflow: Overflow,
    ) -> Result<Option<Past>, SubscribeError> {
        let catches_up = overflow == Overflow::CatchUp;
        let archive = self.store.as_ref().and_then(|store| store.archive());
        let is_live = matches!(plan.since, Since::Now);
        let recorded_only = plan.recorded_only;
        let reads_only = plan.is_consumer() || recorded_only;
        if !reads_only && !catches_up && (is_live || archive.is_none()) {
            return Ok(None);
        }
        let archive = archive.ok_or(SubscribeError::NoArchive)?;
        let wanted = self.declared_of(&plan.kinds);
        let redacted = wanted.iter().find(|event| event.has_redacted() && !plan.accepts_redacted);
        if let Some(event) = redacted {
            return Err(SubscribeError::Redacted { kind: event.kind.to_owned() });
        }
        let left_out = wanted.iter().find(|event| !self.store_keeps(KindRef::Declared(event)));
        let is_named = recorded_only && matches!(plan.kinds, Kinds::Declared(_));
        if let Some(event) = left_out.filter(|_| catches_up || is_named) {
            return Err(SubscribeError::LeftOut { kind: event.kind.to_owned() });
        }
        let leaves_out = left_out.is_some();
        let ConsumerPlan { first, retry, .. } = plan.consumer;
        let Some(name) = plan.consumer.name.take() else {
            if recorded_only && plan.with_latest {
                return Err(SubscribeError::RecordedLatest);
            }
            let (at, miss) = match plan.since {
                Since::Now if recorded_only => (self.here(), None),
                since => self.begin_of_past(since, archive)?,
            };
            return Ok(Some(Past {
                begin: PastBegin { at, leaves_out, recorded_only, consumer: None },
                miss,
            }));
        };
        if !is_live || plan.with_latest {
            return Err(SubscribeError::ConsumerSince);
        }
        let position = archive.position(&name).map_err(SubscribeError::Store)?;
        let (first, miss) = match (position, first) {
            (Some(_), _) => (Since::Beginning, None),
            (None, Since::Now) => (self.here(), None),
            (None, first) => self.begin_of_past(first, archive)?,
        };
        let consumer = Consumer::new(name, retry, first, position);
        let begin =
            PastBegin { at: consumer.begin(), leaves_out, recorded_only: false, consumer: Some(consumer) };
        Ok(Some(Past { begin, miss }))
    }

    /// Behind the newest event.
    fn here(&self) -> Since {
        Since::After(EventId::new(self.run, self.newest()))
    }

    /// Where the first page begins.
    fn begin_of_past(
        &self,
        since: Since,
        archive: &dyn Archive,
    ) -> Result<(Since, Option<Miss>), SubscribeError> {
        let Since::After(cursor) = since else { return Ok((since, None)) };
        let here = |seq| Since::After(EventId::new(self.run, seq));
        match self.position(since) {
            Some(Ok(seq)) => Ok((here(seq), None)),
            Some(Err(miss)) if cursor.run() == self.run => Ok((here(miss.at), Some(miss))),
            _ if archive.has_run(cursor.run()).map_err(SubscribeError::Store)? => Ok((since, None)),
            Some(Err(miss)) => Ok((here(miss.at), Some(miss))),
            None => Ok((since, None)),
        }
    }

    /// The declared kinds that are wanted.
    fn declared_of(&self, kinds: &Kinds) -> Vec<&'static Descriptor> {
        let catalogue = self.catalogue();
        match kinds {
            Kinds::Declared(events) => events.clone(),
            Kinds::Any => catalogue.iter().collect(),
            Kinds::Named(names) => {
                let is_named = |event: &&Descriptor| names.iter().any(|name| fits(name, event.kind));
                catalogue.iter().filter(is_named).collect()
            }
        }
    }
}

impl Plan {
    pub(super) fn is_consumer(&self) -> bool {
        self.consumer.name.is_some()
    }
}

impl Past {
    /// Whether it begins in the past, and not with the next event.
    pub(super) fn begins(&self) -> bool {
        self.begin.consumer.is_some() || !matches!(self.begin.at, Since::Now)
    }

    pub(super) fn consumer(&self) -> Option<&Consumer> {
        self.begin.consumer.as_ref()
    }

    pub(super) fn into_state(self, info: &Info) -> CatchUp {
        CatchUp::new(info, self.begin, decode)
    }
}

/// Makes events of what a page has, of those that are wanted.
fn decode(core: &Arc<Core>, info: &Info, items: Vec<Item>) -> Vec<Result<Arc<Stored>, Lagged>> {
    let mut reader = EventBus { core: Arc::clone(core) }.reader().max_bytes(usize::MAX);
    let decode = |item| match item {
        Item::Gap(gap) => Some(Err(gap)),
        Item::Event { cursor, json } => {
            let gap = |cause| Some(Err(Lagged::new(cursor, cursor, Some(1), cause)));
            let Ok(event) = reader.read(&json) else { return gap(LagCause::Damaged) };
            let event = event.archived(cursor);
            if takes(info, &event) {
                return Some(Ok(event));
            }
            if is_unfit(info, &event) { gap(LagCause::Undecodable) } else { None }
        }
    };
    items.into_iter().filter_map(decode).collect()
}

/// Whether it is an event of a kind that is wanted typed, and that is not of its type.
fn is_unfit(info: &Info, event: &Stored) -> bool {
    let kind = event.body.kind().as_str();
    let is_named =
        matches!(&info.kinds, Kinds::Declared(events) if events.iter().any(|event| event.kind == kind));
    is_named && info.wanted.matches(&event.head.scope)
}
