//! What has begun and not yet ended: the pairs that `ends_with` declares.

use std::collections::HashMap;

use crate::event::{AnyEvent, EventId};
use crate::payload::{Descriptor, Key};
use crate::scope::Scope;

/// How many unmatched ends are kept for `open_pairs`; all are counted.
const UNMATCHED: usize = 100;

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
    /// Began and did not end, in the order they began.
    pub unfinished: Vec<OpenPair>,
    /// Ended without having begun: the newest hundred, oldest first.
    pub unmatched: Vec<OpenPair>,
    /// How many ended without having begun.
    pub unmatched_total: u64,
}

/// What makes a beginning and its end belong together: the kind that began, the place, and the fields of `by`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PairKey {
    begins: &'static str,
    place: u64,
    fields: Key,
}

/// What an event does to the pairs; made before the order lock is taken, because reading fields runs the user's code.
#[derive(Default)]
pub(crate) struct PairWork {
    begins: Option<PairKey>,
    ends: Vec<PairKey>,
}

impl PairWork {
    pub(crate) fn of(event: &AnyEvent, ends: &[Ends]) -> Self {
        let Some(payload) = event.body().payload() else { return Self::default() };
        let key = |begins: &'static Descriptor, by| PairKey {
            begins: begins.kind,
            place: event.scope().place_hash(),
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

/// The open pairs, under the order lock.
#[derive(Default)]
pub(crate) struct Pairs {
    open: HashMap<PairKey, AnyEvent>,
    unmatched: std::collections::VecDeque<AnyEvent>,
    unmatched_total: u64,
}

impl Pairs {
    /// Notes what an event begins or ends. What is returned must be dropped after the lock.
    pub(crate) fn note(&mut self, work: PairWork, event: &AnyEvent) -> Vec<AnyEvent> {
        let mut released = Vec::new();
        if !work.ends.is_empty() {
            let before = released.len();
            released.extend(work.ends.iter().filter_map(|key| self.open.remove(key)));
            if released.len() == before {
                self.unmatched_total += 1;
                self.unmatched.push_back(event.clone());
                if self.unmatched.len() > UNMATCHED {
                    released.extend(self.unmatched.pop_front());
                }
            }
        }
        if let Some(key) = work.begins {
            released.extend(self.open.insert(key, event.clone()));
        }
        released
    }

    /// Lets go of everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = AnyEvent> {
        self.open.drain().map(|(_, event)| event).chain(self.unmatched.drain(..))
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &AnyEvent> {
        self.open.values()
    }

    pub(crate) fn unmatched(&self) -> impl Iterator<Item = &AnyEvent> {
        self.unmatched.iter()
    }

    pub(crate) fn unmatched_total(&self) -> u64 {
        self.unmatched_total
    }
}

impl From<&AnyEvent> for OpenPair {
    fn from(event: &AnyEvent) -> Self {
        Self { kind: event.kind().to_owned(), id: event.id(), scope: event.scope().clone() }
    }
}
