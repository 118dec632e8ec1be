//! The results that a publish needs before it takes the lock, because they run foreign code:
//! filters, and the fields that events are compared by.

use std::collections::HashMap;
use std::sync::Arc;

use crate::delivery::context::Entered;
use crate::delivery::core::Core;
use crate::delivery::panic::catch_panic;
use crate::delivery::retain::pairs::{Ends, PairWork};
use crate::delivery::routes::Target;
use crate::delivery::state::State;
use crate::delivery::subscription::{Info, Predicate};
use crate::event::{AnyEvent, KindRef, Stored};
use crate::payload::Policy;
use crate::scope::{hash_of, hash_text, mix};

/// How often a publish asks the filters of subscriptions that came meanwhile. Those that come later
/// get the event unasked, and ask when they take it up: a publish must end.
const ROUNDS: u32 = 2;

/// The results for one event.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) coalesce: u64,
    asked: Option<Box<Asked>>,
}

/// The parts that few events need.
#[derive(Default)]
struct Asked {
    pairs: Option<PairWork>,
    verdicts: HashMap<Target, bool>,
    rounds: u32,
    /// Whether the store keeps the event, if that was asked.
    keeps: Option<bool>,
}

/// A result that is needed before an event can be published.
pub(crate) enum Missing {
    Pairs(Vec<Ends>),
    Verdicts(Vec<(Target, Arc<Info>)>),
    /// Whether the store keeps the kind at this position.
    Keeps(usize),
}

/// The policy of a kind that no file declares.
const NO_POLICY: Policy = Policy { transient: false, critical: false, sticky: false, coalesce: None };

#[inline]
pub(crate) fn policy(kind: KindRef<'_>) -> &'static Policy {
    match kind {
        KindRef::Declared(descriptor) => &descriptor.policy,
        KindRef::Open(_) => &NO_POLICY,
    }
}

/// Whether the user's predicates let an event pass. One that panics does not.
pub(crate) fn wants(core: &Core, predicates: &[Predicate], event: &Arc<Stored>) -> bool {
    let _frame = Entered::filter(core, event);
    let (mut wanted, event) = (false, AnyEvent::of(event));
    catch_panic(|| wanted = predicates.iter().all(|predicate| predicate(&event)));
    wanted
}

impl State {
    /// Returns the result that is needed before an event of this kind can be published.
    #[inline]
    pub(crate) fn missing(&self, kind: usize, event: &Stored, prepared: &Prepared) -> Option<Missing> {
        let route = self.routes.kind(kind);
        if route.is_paired() && prepared.pairs().is_none() {
            return Some(Missing::Pairs(route.ends.clone()));
        }
        if self.records.is_some() && self.is_recorded(kind, prepared).is_none() {
            return Some(Missing::Keeps(kind));
        }
        if self.predicates == 0 { None } else { self.unasked(kind, event, prepared) }
    }

    /// Whether an event of this kind is recorded; none without a store.
    #[inline]
    pub(crate) fn is_recorded(&self, kind: usize, prepared: &Prepared) -> Option<bool> {
        let records = self.records.as_deref()?;
        prepared.asked.as_ref().and_then(|asked| asked.keeps).or_else(|| records.keeps(kind))
    }

    #[inline(never)]
    fn unasked(&self, kind: usize, event: &Stored, prepared: &Prepared) -> Option<Missing> {
        if prepared.asked.as_ref().is_some_and(|asked| asked.rounds >= ROUNDS) {
            return None;
        }
        let mut unasked = Vec::new();
        let mut visit = |target| {
            if prepared.verdict(target).is_none()
                && let Some(info) = self.filter_of(target)
            {
                unasked.push((target, info));
            }
        };
        self.routes.kind(kind).index.candidates(&event.head.scope, &mut visit);
        self.routes.any.candidates(&event.head.scope, &mut visit);
        if unasked.is_empty() { None } else { Some(Missing::Verdicts(unasked)) }
    }

    /// The settings of a receiver that has a predicate.
    fn filter_of(&self, target: Target) -> Option<Arc<Info>> {
        let key = match target {
            Target::Stream(key) => key,
            Target::Group(key) => *self.groups.get(key).filter(|group| group.asks)?.members.first()?,
        };
        let info = &self.subscriptions.get(key)?.info;
        (!info.predicates.is_empty()).then(|| Arc::clone(info))
    }
}

impl Prepared {
    #[inline]
    pub(crate) fn of(core: &Core, event: &Arc<Stored>, policy: &Policy) -> Self {
        let mut prepared = Self::default();
        if let Some(fields) = policy.coalesce {
            let _frame = Entered::filter(core, event);
            catch_panic(|| prepared.coalesce = coalesce_key(event, fields));
        }
        prepared
    }

    #[cold]
    pub(crate) fn complete(&mut self, core: &Core, event: &Arc<Stored>, missing: Missing) {
        let asked = self.asked.get_or_insert_default();
        match missing {
            Missing::Pairs(ends) => {
                let _frame = Entered::filter(core, event);
                catch_panic(|| asked.pairs = Some(PairWork::of(event, &ends)));
                // A field whose code panics takes part in no pair.
                asked.pairs.get_or_insert_default();
            }
            Missing::Keeps(kind) => asked.keeps = Some(core.is_kept(event.body.kind(), kind)),
            Missing::Verdicts(targets) => {
                asked.rounds += 1;
                for (target, info) in targets {
                    let wanted = wants(core, &info.predicates, event);
                    asked.verdicts.insert(target, wanted);
                }
            }
        }
    }

    fn pairs(&self) -> Option<&PairWork> {
        self.asked.as_ref()?.pairs.as_ref()
    }

    /// Whether the event takes part in a pair.
    #[inline]
    pub(crate) fn is_paired(&self) -> bool {
        self.pairs().is_some_and(|pairs| !pairs.is_empty())
    }

    #[inline]
    pub(crate) fn take_pairs(&mut self) -> Option<PairWork> {
        self.asked.as_mut()?.pairs.take()
    }

    /// Whether a receiver with a filter wants the event; `None` where it was not asked.
    pub(crate) fn verdict(&self, target: Target) -> Option<bool> {
        self.asked.as_ref()?.verdicts.get(&target).copied()
    }
}

/// Equal for events that may replace each other in a queue; 0 for those that may not.
fn coalesce_key(event: &Stored, fields: &[&'static str]) -> u64 {
    let Some(payload) = event.body.payload() else { return 0 };
    // All of the scope: events of two requests or two graphs do not replace each other.
    let scope = mix(hash_text(event.body.kind().as_str()), event.head.scope.hash());
    let key = if fields.is_empty() { scope } else { mix(scope, hash_of(&payload.key(fields))) };
    key.max(1)
}
