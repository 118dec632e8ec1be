//! The pairs that `ends_with` declares: events that begin something, and those that end it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::event::{AnyEvent, EventId, Stored};
use crate::payload::{Descriptor, Key};
use crate::scope::Scope;

/// How many unmatched ends are kept for `open_pairs`; all are counted.
const UNMATCHED: usize = 100;

/// How many open pairs are kept: a beginning that never ends must not take memory for ever. Beyond
/// it the oldest is no longer waited for, and counted.
const OPEN: usize = 65_536;

/// An event of some kind ends pairs that `begins` begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) begins: &'static Descriptor,
    pub(crate) by: &'static [&'static str],
}

/// An event that began something which has not ended, or ended something that nobody began.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenPair {
    /// The kind of the event.
    pub kind: String,
    /// Its id.
    pub id: EventId,
    /// Where it happened.
    pub scope: Scope,
}

/// The pairs of a bus that are not whole.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct OpenPairs {
    /// Events that began something and have no end yet, in the order they began.
    pub unfinished: Vec<OpenPair>,
    /// Ended without having begun: the newest hundred, oldest first.
    pub unmatched: Vec<OpenPair>,
    /// How many ended without having begun.
    pub unmatched_total: u64,
    /// How many began and are no longer in `unfinished`, because 65,536 newer ones are.
    pub forgotten_total: u64,
}

/// The key that a beginning and its end have in common: the kind that began, the scope, and the
/// fields of `by`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PairKey {
    begins: &'static str,
    scope: u64,
    fields: Key,
}

/// The pairs that an event begins and ends; made before the lock is taken, because reading fields
/// runs foreign code.
#[derive(Default)]
pub(crate) struct PairWork {
    begins: Option<PairKey>,
    ends: Vec<PairKey>,
}

impl PairWork {
    pub(crate) fn of(event: &Stored, ends: &[Ends]) -> Self {
        let Some(payload) = event.body.payload() else { return Self::default() };
        let key = |begins: &'static Descriptor, by| PairKey {
            begins: begins.kind,
            scope: event.head.scope.place_hash(),
            fields: payload.key(by),
        };
        let own = payload.descriptor();
        Self {
            begins: own.ends_with.first().map(|end| key(own, end.by)),
            ends: ends.iter().map(|ends| key(ends.begins, ends.by)).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.begins.is_none() && self.ends.is_empty()
    }
}

/// The open pairs, under the lock.
#[derive(Default)]
pub(crate) struct Pairs {
    open: HashMap<PairKey, Arc<Stored>>,
    /// The same by the seq of the beginning.
    order: BTreeMap<u64, PairKey>,
    unmatched: VecDeque<Arc<Stored>>,
    unmatched_total: u64,
    forgotten_total: u64,
}

impl Pairs {
    /// Records what an event begins or ends. What is returned must be dropped after the lock.
    pub(crate) fn note(&mut self, work: PairWork, event: &Arc<Stored>) -> Vec<Arc<Stored>> {
        let mut released = Vec::new();
        if !work.ends.is_empty() {
            released.extend(work.ends.iter().filter_map(|key| self.close(key)));
            if released.is_empty() {
                self.unmatched_total += 1;
                self.unmatched.push_back(Arc::clone(event));
                if self.unmatched.len() > UNMATCHED {
                    released.extend(self.unmatched.pop_front());
                }
            }
        }
        if let Some(key) = work.begins {
            released.extend(self.close(&key));
            self.order.insert(event.head.seq(), key.clone());
            self.open.insert(key, Arc::clone(event));
            if self.open.len() > OPEN
                && let Some((_, oldest)) = self.order.pop_first()
            {
                self.forgotten_total += 1;
                released.extend(self.open.remove(&oldest));
            }
        }
        released
    }

    fn close(&mut self, key: &PairKey) -> Option<Arc<Stored>> {
        let event = self.open.remove(key)?;
        self.order.remove(&event.head.seq());
        Some(event)
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Arc<Stored>> {
        self.order.clear();
        self.open.drain().map(|(_, event)| event).chain(self.unmatched.drain(..))
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// The next beginnings after `seq`, at most `most`, in order.
    pub(crate) fn open_after(&self, seq: u64, most: usize) -> Vec<Arc<Stored>> {
        let after = self.order.range(seq + 1..).take(most);
        after.filter_map(|(_, key)| self.open.get(key).map(Arc::clone)).collect()
    }

    pub(crate) fn unmatched(&self) -> Vec<Arc<Stored>> {
        self.unmatched.iter().map(Arc::clone).collect()
    }

    pub(crate) fn unmatched_total(&self) -> u64 {
        self.unmatched_total
    }

    pub(crate) fn forgotten_total(&self) -> u64 {
        self.forgotten_total
    }
}

impl From<&Arc<Stored>> for OpenPair {
    fn from(event: &Arc<Stored>) -> Self {
        let event = AnyEvent::of(event);
        Self { kind: event.kind().to_owned(), id: event.id(), scope: event.scope().clone() }
    }
}
