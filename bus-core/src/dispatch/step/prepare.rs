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
    pub(in crate::dispatch) pairs: Option<PairWork>,
    /// Which subscriptions with a predicate want the event.
    verdicts: HashMap<Key, bool>,
}

/// What must be worked out before the step can be taken.
pub(in crate::dispatch) enum Missing {
    Pairs(Vec<Ends>),
    Verdicts(Vec<(Key, Arc<LaneInfo>)>),
}

pub(in crate::dispatch) fn policy(event: &AnyEvent) -> Policy {
    match event.kind_ref() {
        KindRef::Declared(descriptor) => descriptor.policy,
        KindRef::Open(_) => Policy::default(),
    }
}

/// Equal for events that may replace each other in a queue; 0 for those that may not.
fn coalesce_key(event: &AnyEvent) -> u64 {
    let (Some(fields), Some(payload)) = (policy(event).coalesce, event.body().payload()) else { return 0 };
    // All of the scope: what two requests or two graphs tell at one place says nothing of each other.
    let scope = mix(hash_text(event.kind()), event.scope().hash());
    let key = if fields.is_empty() { scope } else { mix(scope, hash_of(&payload.key(fields))) };
    key.max(1)
}

impl Order {
    /// What must be worked out before an event of this kind can be published.
    pub(in crate::dispatch) fn missing(
        &self,
        kind: usize,
        event: &AnyEvent,
        prepared: &Prepared,
    ) -> Option<Missing> {
        let ends = &self.routes.kind(kind).ends;
        let begins =
            matches!(event.kind_ref(), KindRef::Declared(descriptor) if !descriptor.ends_with.is_empty());
        if prepared.pairs.is_none() && (begins || !ends.is_empty()) {
            return Some(Missing::Pairs(ends.clone()));
        }
        if self.predicates == 0 {
            return None;
        }
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
    pub(in crate::dispatch) fn of(event: &AnyEvent) -> Self {
        let mut prepared = Self::default();
        if policy(event).coalesce.is_some() {
            guarded(|| prepared.coalesce = coalesce_key(event));
        }
        prepared
    }

    pub(in crate::dispatch) fn complete(&mut self, event: &AnyEvent, missing: Missing) {
        match missing {
            Missing::Pairs(ends) => guarded(|| self.pairs = Some(PairWork::of(event, &ends))),
            Missing::Verdicts(lanes) => {
                let judged = lanes.into_iter().map(|(key, info)| (key, wants(&info.predicates, event)));
                self.verdicts.extend(judged);
            }
        }
        // A field whose code panics takes part in no pair.
        self.pairs.get_or_insert_default();
    }

    pub(in crate::dispatch) fn verdict(&self, lane: Key) -> Option<bool> {
        self.verdicts.get(&lane).copied()
    }
}

/// Whether the user's predicates let an event pass. One that panics does not.
pub(crate) fn wants(predicates: &[Predicate], event: &AnyEvent) -> bool {
    let mut wanted = false;
    guarded(|| wanted = predicates.iter().all(|predicate| predicate(event)));
    wanted
}
