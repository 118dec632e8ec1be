//! From the type or the name of a kind to the subscriptions that want it.

pub(super) mod index;
pub(super) mod wanted;

use std::collections::HashMap;
use std::sync::Arc;

use crate::dispatch::memory::pairs::Ends;
use crate::dispatch::route::index::Index;
use crate::dispatch::route::wanted::Wanted;
use crate::dispatch::slab::Key;
use crate::event::{Kind, KindRef};
use crate::payload::Descriptor;
use crate::registry::TypeMap;
use crate::scope::Scope;

/// How many kinds that no file declares are counted by name. Such names come from outside, so that their number must be bounded; past it they are counted together.
pub(crate) const OPEN_KINDS: usize = 4_096;

/// Where [`OPEN_KINDS`] is used up, the name under which the rest is counted.
pub(crate) const OTHER_KINDS: &str = "(other kinds)";

/// One kind that this bus has met: emitted, subscribed to, or told of.
pub(crate) struct KindRoute {
    pub(crate) kind: Kind,
    pub(crate) index: Index,
    pub(crate) published: u64,
    /// Which open pairs an event of this kind closes.
    pub(crate) ends: Vec<Ends>,
}

impl KindRoute {
    /// Whether events of this kind begin or end a pair.
    #[inline]
    pub(crate) fn is_paired(&self) -> bool {
        let begins = matches!(self.kind, Kind::Declared(descriptor) if !descriptor.ends_with.is_empty());
        begins || !self.ends.is_empty()
    }
}

/// The routing table.
#[derive(Default)]
pub(crate) struct Routes {
    kinds: Vec<KindRoute>,
    by_type: TypeMap<usize>,
    /// The kind that was asked for last: mostly the next one is the same, or token deltas would pay for a look-up each.
    last: Option<(&'static Descriptor, usize)>,
    by_name: HashMap<Arc<str>, usize, hashbrown::DefaultHashBuilder>,
    open: usize,
    /// Subscriptions to everything.
    any: Index,
}

/// Who hears an event, where no filter fits it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Audience {
    pub(crate) kind: usize,
    /// Handlers without a filter: those of its kind or those of every kind.
    pub(crate) crew: Option<Key>,
    /// Those of every kind, where there are both.
    pub(crate) second: Option<Key>,
    /// Readers without a filter, of either.
    pub(crate) tape: Option<Key>,
}

/// What a subscription is for.
#[derive(Debug, Clone)]
pub(crate) enum Kinds {
    Any,
    Declared(Vec<&'static Descriptor>),
    Named(Vec<Arc<str>>),
}

impl Kinds {
    /// Whether both are the same events, told in the same order.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Declared(own), Self::Declared(other)) => {
                let types = |events: &[&'static Descriptor]| {
                    events.iter().map(|event| event.type_id()).collect::<Vec<_>>()
                };
                types(own) == types(other)
            }
            (Self::Named(own), Self::Named(other)) => own == other,
            _ => false,
        }
    }
}

impl Routes {
    /// The place of a kind, if this bus has met it.
    #[inline]
    pub(crate) fn find(&self, kind: KindRef<'_>) -> Option<usize> {
        match kind {
            KindRef::Declared(descriptor) => self.by_type.get(&descriptor.type_id()).copied(),
            KindRef::Open(name) => self.by_name.get(name).copied(),
        }
    }

    /// The place of an event's kind. An open kind gets one; a declared one must be known to the catalogue first.
    #[inline]
    pub(crate) fn place_of(&mut self, kind: KindRef<'_>) -> Option<usize> {
        if let (KindRef::Declared(descriptor), Some((last, at))) = (kind, self.last)
            && std::ptr::eq(descriptor, last)
        {
            return Some(at);
        }
        if let Some(at) = self.find(kind) {
            if let KindRef::Declared(descriptor) = kind {
                self.last = Some((descriptor, at));
            }
            return Some(at);
        }
        match kind {
            KindRef::Declared(_) => None,
            KindRef::Open(_) if self.open >= OPEN_KINDS => Some(self.named(&Arc::from(OTHER_KINDS))),
            KindRef::Open(name) => {
                self.open += 1;
                Some(self.named(name))
            }
        }
    }

    /// Adds a declared kind. A subscription by name that came first is in the same place.
    pub(crate) fn declare(&mut self, descriptor: &'static Descriptor) -> usize {
        if let Some(at) = self.by_type.get(&descriptor.type_id()) {
            return *at;
        }
        let at = self.named(&Arc::from(descriptor.kind));
        self.kinds[at].kind = Kind::Declared(descriptor);
        self.by_type.insert(descriptor.type_id(), at);
        for ended in descriptor.ends_with {
            let end = self.named(&Arc::from(ended.kind));
            let closes = &mut self.kinds[end].ends;
            if !closes.iter().any(|ends| ends.begins.kind == descriptor.kind) {
                closes.push(Ends { begins: descriptor, by: ended.by });
            }
        }
        at
    }

    fn named(&mut self, name: &Arc<str>) -> usize {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let at = self.kinds.len();
        self.by_name.insert(Arc::clone(name), at);
        self.kinds.push(KindRoute {
            kind: Kind::Open(Arc::clone(name)),
            index: Index::default(),
            published: 0,
            ends: Vec::new(),
        });
        at
    }

    /// The place of all events of a kind that is asked for by name. `None` where they may be in several: then some were counted together with others.
    pub(crate) fn named_place(&self, name: &str) -> Option<usize> {
        if self.open < OPEN_KINDS { self.by_name.get(name).copied() } else { None }
    }

    /// Whether an event ends what a known kind begins. It may not be known itself then.
    #[inline]
    pub(crate) fn ends(&mut self, event: &'static Descriptor) -> bool {
        let known = self.place_of(KindRef::Declared(event)).or_else(|| self.by_name.get(event.kind).copied());
        known.is_some_and(|at| !self.kinds[at].ends.is_empty())
    }

    /// Where the subscriptions of one kind are, or those of every kind.
    pub(crate) fn index_mut(&mut self, kinds: &Kinds) -> Option<&mut Index> {
        let at = match kinds {
            Kinds::Any => return Some(&mut self.any),
            Kinds::Declared(events) => self.find(KindRef::Declared(events.first()?))?,
            Kinds::Named(names) => *self.by_name.get(names.first()?)?,
        };
        self.kinds.get_mut(at).map(|kind| &mut kind.index)
    }

    /// The tapes among which one of these kinds is, if there is one.
    pub(crate) fn tapes_like(&mut self, kinds: &Kinds) -> &[Key] {
        self.index_mut(kinds).map_or(&[], |index| index.tapes())
    }

    /// Visits where the subscriptions of each of these kinds are.
    pub(crate) fn each_index(&mut self, kinds: &Kinds, mut visit: impl FnMut(&mut Index)) {
        match kinds {
            Kinds::Any => visit(&mut self.any),
            Kinds::Declared(events) => {
                for event in events {
                    let at = self.find(KindRef::Declared(event)).unwrap_or_else(|| self.declare(event));
                    visit(&mut self.kinds[at].index);
                }
            }
            Kinds::Named(names) => {
                for name in names {
                    let at = self.named(name);
                    visit(&mut self.kinds[at].index);
                }
            }
        }
    }

    /// Every tape that an event of this kind goes on.
    #[inline]
    pub(crate) fn tapes(&self, at: usize) -> impl Iterator<Item = Key> {
        self.kinds[at].index.tapes().iter().chain(self.any.tapes()).copied()
    }

    pub(crate) fn kind_mut(&mut self, at: usize) -> &mut KindRoute {
        &mut self.kinds[at]
    }

    pub(crate) fn kind(&self, at: usize) -> &KindRoute {
        &self.kinds[at]
    }

    pub(crate) fn kinds(&self) -> &[KindRoute] {
        &self.kinds
    }

    pub(crate) fn insert(&mut self, kinds: &Kinds, wanted: &Wanted, lane: Key) {
        match kinds {
            Kinds::Any => self.any.insert(wanted, lane),
            Kinds::Declared(declared) => {
                for descriptor in declared {
                    let at =
                        self.find(KindRef::Declared(descriptor)).unwrap_or_else(|| self.declare(descriptor));
                    self.kinds[at].index.insert(wanted, lane);
                }
            }
            Kinds::Named(names) => {
                for name in names {
                    let at = self.named(name);
                    self.kinds[at].index.insert(wanted, lane);
                }
            }
        }
    }

    pub(crate) fn forget(&mut self, kinds: &Kinds, wanted: &Wanted, lives: impl Fn(Key) -> bool) {
        match kinds {
            Kinds::Any => self.any.forget(wanted, lives),
            Kinds::Declared(declared) => {
                for descriptor in declared {
                    if let Some(at) = self.find(KindRef::Declared(descriptor)) {
                        self.kinds[at].index.forget(wanted, &lives);
                    }
                }
            }
            Kinds::Named(names) => {
                for name in names {
                    if let Some(at) = self.by_name.get(name) {
                        self.kinds[*at].index.forget(wanted, &lives);
                    }
                }
            }
        }
    }

    /// Who hears an event of a kind, if no filter fits it, and there is no more than one crew of the kind, one of every kind, and one tape.
    #[inline]
    pub(crate) fn audience(&self, kind: usize, scope: &Scope) -> Option<Audience> {
        let (route, any) = (self.kinds.get(kind)?, &self.any);
        if route.is_paired() || !route.index.passes_by(scope) || !any.passes_by(scope) {
            return None;
        }
        let ((tapes, []) | ([], tapes)) = (route.index.tapes(), any.tapes()) else { return None };
        let (crews, second) = match (route.index.crews(), any.crews()) {
            (crews, []) | ([], crews) => (crews, &[][..]),
            both => both,
        };
        let few = crews.len() <= 1 && second.len() <= 1 && tapes.len() <= 1;
        let first = |list: &[Key]| list.first().copied();
        few.then(|| Audience { kind, crew: first(crews), second: first(second), tape: first(tapes) })
    }

    /// Every crew whose kind fits: first those of the kind itself.
    #[inline]
    pub(crate) fn crews(&self, at: usize) -> impl Iterator<Item = Key> {
        self.kinds[at].index.crews().iter().chain(self.any.crews()).copied()
    }

    /// Every other subscription whose kinds and equality filter fit. Ended ones may be among them.
    #[inline]
    pub(crate) fn candidates(&self, at: usize, scope: &Scope, mut visit: impl FnMut(Key)) {
        self.kinds[at].index.candidates(scope, &mut visit);
        if !self.any.is_empty() {
            self.any.candidates(scope, &mut visit);
        }
    }
}
