//! What a publish works out before it takes the order lock, because it runs the user's code: predicates, and the fields that events are compared by.

use std::collections::HashMap;
use std::sync::Arc;

use crate::dispatch::guarded;
use crate::dispatch::lane::{LaneInfo, Predicate};
use crate::dispatch::memory::pairs::{Ends, PairWork};
use crate::dispatch::order::Order;
use crate::dispatch::slab::Key;
use crate::event::{AnyEvent, KindRef};
use crate::payload::Policy;
use crate::scope::{hash_of, hash_text, mix};

/// What is worked out before the lock, because it runs the user's code.
#[derive(Default)]
pub(in crate::dispatch) struct Prepared {
    pub(in crate::dispatch) coalesce: u64,
    asked: Option<Box<Asked>>,
}

/// What few events need.
#[derive(Default)]
struct Asked {
    pairs: Option<PairWork>,
    /// Which subscriptions with a predicate want the event.
    verdicts: HashMap<Key, bool>,
}

/// What must be worked out before the step can be taken.
pub(in crate::dispatch) enum Missing {
    Pairs(Vec<Ends>),
    Verdicts(Vec<(Key, Arc<LaneInfo>)>),
}

/// Of a kind that no file declares.
const NO_POLICY: Policy = Policy { transient: false, critical: false, coalesce: None };

#[inline]
pub(in crate::dispatch) fn policy(kind: KindRef<'_>) -> &'static Policy {
    match kind {
        KindRef::Declared(descriptor) => &descriptor.policy,
        KindRef::Open(_) => &NO_POLICY,
    }
}

/// Equal for events that may replace each other in a queue; 0 for those that may not.
fn coalesce_key(event: &AnyEvent) -> u64 {
    let (Some(fields), Some(payload)) = (policy(event.kind_ref()).coalesce, event.body().payload()) else {
        return 0;
    };
    // All of the scope: what two requests or two graphs tell at one place says nothing of each other.
    let scope = mix(hash_text(event.kind()), event.scope().hash());
    let key = if fields.is_empty() { scope } else { mix(scope, hash_of(&payload.key(fields))) };
    key.max(1)
}

impl Order {
    /// What must be worked out before an event of this kind can be published.
    #[inline]
    pub(in crate::dispatch) fn missing(
        &self,
        kind: usize,
        event: &AnyEvent,
        prepared: &Prepared,
    ) -> Option<Missing> {
        let route = self.routes.kind(kind);
        if route.is_paired() && prepared.pairs().is_none() {
            return Some(Missing::Pairs(route.ends.clone()));
        }
        if self.predicates == 0 { None } else { self.unasked(kind, event, prepared) }
    }

    /// The subscriptions with a predicate that was not asked yet.
    #[inline(never)]
    fn unasked(&self, kind: usize, event: &AnyEvent, prepared: &Prepared) -> Option<Missing> {
        let mut unasked = Vec::new();
        self.routes.candidates(kind, event.scope(), |key| {
            let Some(lane) = self.lanes.get(key) else { return };
            if !lane.info.predicates.is_empty() && prepared.verdict(key).is_none() {
                unasked.push((key, Arc::clone(&lane.info)));
            }
        });
        if unasked.is_empty() { None } else { Some(Missing::Verdicts(unasked)) }
    }
}

impl Prepared {
    #[inline]
    pub(in crate::dispatch) fn of(event: &AnyEvent, policy: &Policy) -> Self {
        let mut prepared = Self::default();
        if policy.coalesce.is_some() {
            guarded(|| prepared.coalesce = coalesce_key(event));
        }
        prepared
    }

    #[cold]
    pub(in crate::dispatch) fn complete(&mut self, event: &AnyEvent, missing: Missing) {
        let asked = self.asked.get_or_insert_default();
        match missing {
            Missing::Pairs(ends) => guarded(|| asked.pairs = Some(PairWork::of(event, &ends))),
            Missing::Verdicts(lanes) => {
                let judged = lanes.into_iter().map(|(key, info)| (key, wants(&info.predicates, event)));
                asked.verdicts.extend(judged);
            }
        }
        // A field whose code panics takes part in no pair.
        asked.pairs.get_or_insert_default();
    }

    fn pairs(&self) -> Option<&PairWork> {
        self.asked.as_ref()?.pairs.as_ref()
    }

    /// Whether the event takes part in a pair.
    pub(in crate::dispatch) fn is_paired(&self) -> bool {
        self.pairs().is_some_and(|pairs| !pairs.is_empty())
    }

    pub(in crate::dispatch) fn take_pairs(&mut self) -> Option<PairWork> {
        self.asked.as_mut()?.pairs.take()
    }

    pub(in crate::dispatch) fn verdict(&self, lane: Key) -> Option<bool> {
        self.asked.as_ref()?.verdicts.get(&lane).copied()
    }
}

/// Whether the user's predicates let an event pass. One that panics does not.
pub(crate) fn wants(predicates: &[Predicate], event: &AnyEvent) -> bool {
    let mut wanted = false;
    guarded(|| wanted = predicates.iter().all(|predicate| predicate(event)));
    wanted
}
