//! The events that wait for the store, and what became of those that were written.
//!
//! A publish adds its event under the lock. One [writer](super::writer) at a time takes all that
//! waits, writes it as one batch, and settles it here. What a full queue or a failed write loses is
//! a gap, which goes to the store before the next event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::delivery::catch_up::Look;
use crate::delivery::overflow::{LagCause, Lagged};
use crate::event::{AnyEvent, EventId, Stored};
use crate::store::{Entry, Gap, NotRecorded};

/// Losses are logged at once, and then so often, with their number.
const REPORTS: Duration = Duration::from_secs(10);

/// How many ranges of events that a failed write lost are known to those who ask late.
const RANGES: usize = 1_024;

/// A queue with more capacity than this is not kept for the next batch.
const KEPT: usize = 8_192;

/// The state of recording one event, as its receipt has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Record {
    /// The bus has no store.
    #[default]
    NoStore,
    LeftOut,
    /// It waits for the store.
    Waiting,
    Done,
    /// The receipt has the reason.
    Lost,
}

/// Whether a kind is recorded, as the store said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kept {
    #[default]
    Unasked,
    Yes,
    No,
}

/// Counts of a store.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) recorded: u64,
    pub(crate) not_recorded: u64,
    pub(crate) left_out: u64,
}

/// The state of recording, under the bus's lock.
pub(crate) struct Records {
    /// Declared kinds, by their position in the routes.
    kept: Vec<Kept>,
    waiting: VecDeque<Entry>,
    /// How many of them are events.
    events: u64,
    /// The same with those that are being written.
    unsettled: u64,
    /// The estimated memory of the waiting events, and how much it may be.
    bytes: usize,
    budget: usize,
    /// Whether a writer is at work.
    writing: bool,
    /// Whether the store has the end of the run.
    ended: bool,
    /// The outcome of each event up to here is known.
    through: u64,
    /// The ranges up to there that are lost to a failed write, oldest first.
    lost: VecDeque<Gap>,
    /// Ranges up to here were forgotten.
    forgotten: u64,
    waiters: Waiters,
    next_waiter: u64,
    pub(crate) counts: Counts,
    /// Whether a loss has closed the bus.
    pub(crate) has_closed: bool,
    /// Subscriptions that wait for the store, and whether that is work.
    pub(crate) readers: Vec<(Look, bool)>,
    /// Losses that no log line has counted yet.
    unreported: u64,
    reported: Option<Instant>,
}

/// Those who wait for events, by the event and their number.
pub(crate) type Waiters = BTreeMap<(u64, u64), Waker>;

/// The next step of a writer.
pub(crate) enum Task {
    Write(VecDeque<Entry>),
    /// Nothing waits, and nothing comes any more.
    End,
    /// Nothing waits.
    Rest,
}

impl Records {
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            kept: Vec::new(),
            waiting: VecDeque::new(),
            events: 0,
            unsettled: 0,
            bytes: 0,
            budget,
            writing: false,
            ended: false,
            through: 0,
            lost: VecDeque::new(),
            forgotten: 0,
            waiters: Waiters::new(),
            next_waiter: 0,
            counts: Counts::default(),
            has_closed: false,
            readers: Vec::new(),
            unreported: 0,
            reported: None,
        }
    }

    /// Whether a declared kind is recorded, if the store was asked.
    #[inline]
    pub(crate) fn keeps(&self, kind: usize) -> Option<bool> {
        match self.kept.get(kind).copied().unwrap_or_default() {
            Kept::Unasked => None,
            kept => Some(kept == Kept::Yes),
        }
    }

    /// Notes what the store said of a declared kind.
    pub(crate) fn note_kept(&mut self, kind: usize, keeps: bool) {
        if self.kept.len() <= kind {
            self.kept.resize(kind + 1, Kept::Unasked);
        }
        self.kept[kind] = if keeps { Kept::Yes } else { Kept::No };
    }

    /// Adds an event for the writer. Where the budget is full, it is lost.
    #[inline]
    pub(crate) fn push(&mut self, event: &Arc<Stored>) -> Result<(), NotRecorded> {
        let bytes = self.bytes + event.bytes();
        if bytes > self.budget && self.events > 0 {
            self.lose(event.head.seq());
            return Err(NotRecorded::Full);
        }
        (self.bytes, self.events, self.unsettled) = (bytes, self.events + 1, self.unsettled + 1);
        self.waiting.push_back(Entry::Event(AnyEvent::of(event)));
        Ok(())
    }

    #[cold]
    fn lose(&mut self, seq: u64) {
        self.counts.not_recorded += 1;
        self.unreported += 1;
        match self.waiting.back_mut() {
            Some(Entry::Gap(gap)) if gap.cause == NotRecorded::Full => {
                (gap.to, gap.events) = (seq, gap.events + 1);
            }
            _ => {
                let gap = Gap { from: seq, to: seq, events: 1, cause: NotRecorded::Full };
                self.waiting.push_back(Entry::Gap(gap));
            }
        }
    }

    /// Whether a writer has to be started, which is noted. Gaps alone wait for the next event, or
    /// for the end of the run.
    #[inline]
    pub(crate) fn begin_writer(&mut self, closed: bool) -> bool {
        let begins = !self.writing && (self.events > 0 || (closed && !self.ended));
        self.writing |= begins;
        begins
    }

    /// Takes what the writer does next: all that waits, if there is an event.
    pub(crate) fn take(&mut self, closed: bool) -> Task {
        if self.events > 0 || (closed && !self.waiting.is_empty()) {
            (self.events, self.bytes) = (0, 0);
            return Task::Write(std::mem::take(&mut self.waiting));
        }
        if closed && !self.ended {
            return Task::End;
        }
        self.writing = false;
        Task::Rest
    }

    /// Takes back the memory of a queue that was written, so that publishers need not make it anew.
    pub(crate) fn reuse(&mut self, written: VecDeque<Entry>) {
        if self.waiting.is_empty()
            && self.waiting.capacity() < written.capacity()
            && written.capacity() <= KEPT
        {
            self.waiting = written;
        }
    }

    /// Puts a gap that was not written before what waits now.
    pub(crate) fn give_back(&mut self, gap: Gap) {
        self.waiting.push_front(Entry::Gap(gap));
    }

    /// Notes that a batch was written, and returns those who wait for it.
    pub(crate) fn written(&mut self, batch: &[Entry], events: u64) -> Waiters {
        self.counts.recorded += events;
        self.settle(batch, events)
    }

    /// Notes that a batch was not written, and returns those who wait for it.
    pub(crate) fn failed(&mut self, batch: &[Entry], events: u64, gap: &Gap) -> Waiters {
        self.counts.not_recorded += events;
        self.unreported += events;
        // A gap that was given back begins with ranges that are known.
        let known = self.lost.iter().rev().take_while(|known| known.from >= gap.from);
        let known: u64 = known.map(|known| known.events).sum();
        let from = self.lost.back().map_or(gap.from, |last| gap.from.max(last.to + 1));
        self.lost.push_back(Gap { from, events: gap.events.saturating_sub(known), ..gap.clone() });
        if self.lost.len() > RANGES
            && let Some(oldest) = self.lost.pop_front()
        {
            self.forgotten = oldest.to;
        }
        self.settle(batch, events)
    }

    fn settle(&mut self, batch: &[Entry], events: u64) -> Waiters {
        self.unsettled -= events;
        self.through = batch.last().map_or(self.through, Entry::last);
        let later = self.waiters.split_off(&(self.through + 1, 0));
        std::mem::replace(&mut self.waiters, later)
    }

    /// Notes that the store has the end of the run.
    pub(crate) fn end(&mut self) {
        (self.ended, self.writing) = (true, false);
    }

    /// Whether everything was written, and the end of the run with it.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Returns what became of an event that waited for the store, if that is known.
    pub(crate) fn outcome(&self, seq: u64) -> Option<Result<(), NotRecorded>> {
        if seq > self.through {
            return None;
        }
        if seq <= self.forgotten {
            return Some(Err(NotRecorded::Unknown));
        }
        let at = self.lost.partition_point(|gap| gap.to < seq);
        let lost = self.lost.get(at).filter(|gap| gap.from <= seq);
        Some(lost.map_or(Ok(()), |gap| Err(gap.cause.clone())))
    }

    /// The outcome of each event up to here is known, where this is the newest one.
    pub(crate) fn settled(&self, newest: u64) -> u64 {
        if self.unsettled == 0 { newest } else { self.through }
    }

    /// The gaps behind an event and up to another one that the store may not have yet.
    pub(crate) fn lost_between(&self, run: u64, after: u64, to: u64) -> impl Iterator<Item = Lagged> {
        let id = move |seq| EventId::new(run, seq);
        let forgotten = self.forgotten.min(to);
        let forgotten = (forgotten > after)
            .then(|| Lagged::new(id(after + 1), id(forgotten), None, LagCause::NotRecorded));
        // Up to there only gaps wait.
        let waiting = self.waiting.iter().take_while(move |entry| entry.first() <= to);
        let waiting = waiting.filter_map(|entry| match entry {
            Entry::Gap(gap) => Some(gap),
            Entry::Event(_) => None,
        });
        // One that was given back waits too.
        let given_back = self.waiting.front().map_or(u64::MAX, Entry::first);
        let lost = self.lost.iter().filter(move |gap| gap.from < given_back);
        let lost = lost.chain(waiting).filter(move |gap| gap.from <= to && gap.to > after);
        let lost = lost.map(move |gap| {
            let missed = (gap.from > after && gap.to <= to).then_some(gap.events);
            let (from, to) = (id(gap.from.max(after + 1)), id(gap.to.min(to)));
            Lagged::new(from, to, missed, LagCause::NotRecorded)
        });
        forgotten.into_iter().chain(lost)
    }

    /// Stores the waker of one who waits for an event, under a number that is given first. The
    /// waker that it replaces comes back.
    pub(crate) fn wait(&mut self, number: &mut Option<u64>, seq: u64, waker: &Waker) -> Option<Waker> {
        let number = *number.get_or_insert_with(|| {
            self.next_waiter += 1;
            self.next_waiter
        });
        let known = self.waiters.get(&(seq, number)).is_some_and(|known| known.will_wake(waker));
        if known { None } else { self.waiters.insert((seq, number), waker.clone()) }
    }

    /// Takes out the waker of one who waits no longer.
    pub(crate) fn leave(&mut self, seq: u64, number: u64) -> Option<Waker> {
        self.waiters.remove(&(seq, number))
    }

    /// Takes the number of losses that no log line has counted yet, if it is time for one.
    pub(crate) fn take_unreported(&mut self, closed: bool) -> Option<u64> {
        let due = |last: Instant| closed || last.elapsed() >= REPORTS;
        if self.unreported == 0 || !self.reported.is_none_or(due) {
            return None;
        }
        self.reported = Some(Instant::now());
        Some(std::mem::take(&mut self.unreported))
    }

    /// How many events are not written yet, and the estimated memory of those that wait.
    pub(crate) fn backlog(&self) -> (u64, usize) {
        (self.unsettled, self.bytes)
    }
}

/// How many events a batch has.
pub(crate) fn events(batch: &[Entry]) -> u64 {
    batch.iter().filter(|entry| entry.event().is_some()).count() as u64
}

/// The gap that a batch leaves which was not written.
pub(crate) fn gap_of(batch: &[Entry], cause: NotRecorded) -> Option<Gap> {
    let from = batch.first()?.first();
    let missing = |entry: &Entry| match entry {
        Entry::Event(_) => 1,
        Entry::Gap(gap) => gap.events,
    };
    Some(Gap { from, to: batch.last()?.last(), events: batch.iter().map(missing).sum(), cause })
}
