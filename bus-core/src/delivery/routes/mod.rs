//! From the type or the name of a kind to the receivers that want its events.

mod filter;
mod index;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use filter::{Part, Wanted};
pub(crate) use index::{Index, Listed};

use crate::delivery::retain::pairs::Ends;
use crate::delivery::slab::Key;
use crate::event::{Kind, KindRef};
use crate::payload::Descriptor;
use crate::registry::TypeMap;

/// How many kinds that no file declares are routed by name. The events of further ones are counted
/// together: their names come from outside, and memory must not grow with them.
const OPEN_KINDS: usize = 4_096;

/// The name under which further kinds are counted.
const OTHER_KINDS: &str = "(other kinds)";

/// The position of the index of the receivers of every kind.
pub(crate) const ANY: usize = usize::MAX;

/// Where an event goes: to a group of handlers, or to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Group(Key),
    Stream(Key),
}

/// One kind: who wants it, and how many were published.
pub(crate) struct KindRoute {
    pub(crate) kind: Kind,
    pub(crate) index: Index,
    pub(crate) published: u64,
    /// It is one of the undeclared kinds that were published and are kept for good.
    kept: bool,
    /// The kinds whose beginnings an event of this kind ends.
    pub(crate) ends: Vec<Ends>,
}

impl KindRoute {
    /// Whether its events begin or end pairs.
    #[inline]
    pub(crate) fn is_paired(&self) -> bool {
        let begins = matches!(self.kind, Kind::Declared(descriptor) if !descriptor.ends_with.is_empty());
        begins || !self.ends.is_empty()
    }

    /// Whether nothing would be lost with it, but perhaps a count.
    fn is_unused(&self) -> bool {
        matches!(self.kind, Kind::Open(_))
            && !(self.kept && self.published > 0)
            && self.ends.is_empty()
            && self.index.is_empty()
    }
}

/// Every kind that was published, declared or subscribed to.
#[derive(Default)]
pub(crate) struct Routes {
    kinds: Vec<KindRoute>,
    /// Positions in `kinds` whose kind was forgotten.
    free: Vec<usize>,
    by_type: TypeMap<usize>,
    /// The kind that was looked up last: mostly the same again.
    last: Option<(&'static Descriptor, usize)>,
    by_name: HashMap<Arc<str>, usize, hashbrown::DefaultHashBuilder>,
    /// How many kinds that no file declares were published and are kept.
    open: usize,
    /// The receivers of every kind.
    pub(crate) any: Index,
    /// The receivers of each pattern: those of a new kind that fits it.
    patterns: Vec<(Arc<str>, Index)>,
}

/// The kinds that a subscription takes.
#[derive(Debug, Clone)]
pub(crate) enum Kinds {
    Any,
    Declared(Vec<&'static Descriptor>),
    /// Names, and patterns that end with `*`. No kind fits two of them.
    Named(Vec<Arc<str>>),
}

/// Whether a kind fits a name or a pattern.
pub(crate) fn fits(wanted: &str, kind: &str) -> bool {
    prefix(wanted).map_or(wanted == kind, |prefix| kind.starts_with(prefix))
}

/// The text before the `*` of a pattern.
pub(crate) fn prefix(wanted: &str) -> Option<&str> {
    wanted.strip_suffix('*')
}

impl Kinds {
    /// Whether they are found in one index.
    pub(crate) fn is_one_index(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Declared(events) => events.len() == 1,
            Self::Named(names) => matches!(&names[..], [name] if prefix(name).is_none()),
        }
    }

    /// Whether both take the same kinds in the same way.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Declared(own), Self::Declared(other)) => {
                own.len() == other.len()
                    && own.iter().zip(other).all(|(own, other)| own.type_id() == other.type_id())
            }
            (Self::Named(own), Self::Named(other)) => own == other,
            _ => false,
        }
    }
}

impl Routes {
    fn find(&self, kind: KindRef<'_>) -> Option<usize> {
        match kind {
            KindRef::Declared(descriptor) => self.by_type.get(&descriptor.type_id()).copied(),
            KindRef::Open(name) => self.by_name.get(name).copied(),
        }
    }

    /// The position of a kind. An undeclared one is added; a declared one that is not known yet has
    /// to be declared first.
    #[inline]
    pub(crate) fn position(&mut self, kind: KindRef<'_>) -> Option<usize> {
        if let (KindRef::Declared(descriptor), Some((last, at))) = (kind, self.last)
            && std::ptr::eq(descriptor, last)
        {
            return Some(at);
        }
        self.look_up(kind)
    }

    #[inline(never)]
    fn look_up(&mut self, kind: KindRef<'_>) -> Option<usize> {
        if let Some(at) = self.find(kind) {
            match kind {
                KindRef::Declared(descriptor) => self.last = Some((descriptor, at)),
                KindRef::Open(_) => self.keep(at),
            }
            return Some(at);
        }
        match kind {
            KindRef::Declared(_) => None,
            KindRef::Open(name) if self.open >= OPEN_KINDS => {
                // A kind of its own for each pattern, so that the receivers of patterns get all.
                let narrowest = self.patterns_of(name).max_by_key(|(pattern, _)| pattern.len());
                let counted =
                    narrowest.map_or_else(|| Arc::from(OTHER_KINDS), |(pattern, _)| Arc::clone(pattern));
                Some(self.named(&counted))
            }
            KindRef::Open(name) => {
                let at = self.named(name);
                self.keep(at);
                Some(at)
            }
        }
    }

    /// Keeps an undeclared kind that is published, while there are few of them. One beyond that is
    /// counted with the others when its last subscription ends.
    fn keep(&mut self, at: usize) {
        let kind = &mut self.kinds[at];
        if !kind.kept && self.open < OPEN_KINDS {
            (kind.kept, self.open) = (true, self.open + 1);
        }
    }

    /// Adds a declared kind. A subscription by name that came first has the same position.
    pub(crate) fn declare(&mut self, descriptor: &'static Descriptor) -> usize {
        if let Some(at) = self.by_type.get(&descriptor.type_id()) {
            return *at;
        }
        let at = self.named(&Arc::from(descriptor.kind));
        self.kinds[at].kind = Kind::Declared(descriptor);
        self.by_type.insert(descriptor.type_id(), at);
        for ended in descriptor.ends_with {
            let end = self.named(&Arc::from(ended.kind));
            let ends = &mut self.kinds[end].ends;
            if !ends.iter().any(|ends| ends.begins.kind == descriptor.kind) {
                ends.push(Ends { begins: descriptor, by: ended.by });
            }
        }
        at
    }

    fn named(&mut self, name: &Arc<str>) -> usize {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let mut index = Index::default();
        self.patterns_of(name).for_each(|(_, pattern)| index.extend(pattern));
        let route = KindRoute {
            kind: Kind::Open(Arc::clone(name)),
            index,
            published: 0,
            kept: false,
            ends: Vec::new(),
        };
        let at = self.free.pop().unwrap_or(self.kinds.len());
        match self.kinds.get_mut(at) {
            Some(free) => *free = route,
            None => self.kinds.push(route),
        }
        self.by_name.insert(Arc::clone(name), at);
        at
    }

    /// The patterns that a kind fits.
    fn patterns_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a (Arc<str>, Index)> {
        self.patterns.iter().filter(move |(pattern, _)| fits(pattern, kind))
    }

    /// The receivers of a pattern.
    fn pattern(&mut self, pattern: &Arc<str>) -> &mut Index {
        let at = self.patterns.iter().position(|(known, _)| known == pattern).unwrap_or_else(|| {
            self.patterns.push((Arc::clone(pattern), Index::default()));
            self.patterns.len() - 1
        });
        &mut self.patterns[at].1
    }

    /// The position of all events of a kind that is asked for by name. `None` where they may have
    /// several, because some were counted together with others.
    pub(crate) fn named_position(&self, name: &str) -> Option<usize> {
        if self.open < OPEN_KINDS { self.by_name.get(name).copied() } else { None }
    }

    /// Whether an event ends what a known kind begins. It may not be known itself then.
    pub(crate) fn ends(&mut self, event: &'static Descriptor) -> bool {
        let known = self.position(KindRef::Declared(event)).or_else(|| self.by_name.get(event.kind).copied());
        known.is_some_and(|at| !self.kinds[at].ends.is_empty())
    }

    #[inline]
    pub(crate) fn kind(&self, at: usize) -> &KindRoute {
        &self.kinds[at]
    }

    /// The index of a kind, or with [`ANY`] that of every kind.
    pub(crate) fn index(&self, at: usize) -> &Index {
        if at == ANY { &self.any } else { &self.kinds[at].index }
    }

    #[inline]
    pub(crate) fn kind_mut(&mut self, at: usize) -> &mut KindRoute {
        &mut self.kinds[at]
    }

    /// Whether a kind that fits a name or a pattern was published.
    pub(crate) fn was_published(&self, wanted: &str) -> bool {
        self.known(wanted).any(|(_, at)| self.kinds[*at].published > 0)
    }

    /// The kinds that were published, by name.
    pub(crate) fn published(&self) -> impl Iterator<Item = (&str, u64)> {
        let published = self.kinds.iter().filter(|route| route.published > 0);
        published.map(|route| (route.kind.as_ref().as_str(), route.published))
    }

    /// Visits the index of each of these kinds once, and those of the patterns among them.
    pub(crate) fn each_index(&mut self, kinds: &Kinds, mut visit: impl FnMut(&mut Index)) {
        if let Kinds::Any = kinds {
            return visit(&mut self.any);
        }
        for pattern in patterns(kinds) {
            visit(self.pattern(pattern));
        }
        let mut positions = self.positions(kinds);
        positions.sort_unstable();
        positions.dedup();
        for at in positions {
            visit(&mut self.kinds[at].index);
        }
    }

    fn positions(&mut self, kinds: &Kinds) -> Vec<usize> {
        match kinds {
            Kinds::Any => Vec::new(),
            Kinds::Declared(events) => events.iter().map(|event| self.declare(event)).collect(),
            Kinds::Named(names) => {
                let mut positions = Vec::new();
                for name in names {
                    match prefix(name) {
                        None => positions.push(self.named(name)),
                        Some(_) => positions.extend(self.known(name).map(|(_, at)| *at)),
                    }
                }
                positions
            }
        }
    }

    /// The known kinds that fit a name or a pattern.
    fn known<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a usize)> {
        let all =
            prefix(wanted).is_some().then(|| self.by_name.iter().filter(|(kind, _)| fits(wanted, kind)));
        let one = if all.is_none() { self.by_name.get_key_value(wanted) } else { None };
        one.into_iter().chain(all.into_iter().flatten())
    }

    /// The index in which everybody who takes these kinds is found.
    pub(crate) fn first_index(&mut self, kinds: &Kinds) -> Option<&Index> {
        if let Kinds::Any = kinds {
            return Some(&self.any);
        }
        if let Some(pattern) = patterns(kinds).next() {
            return Some(self.pattern(pattern));
        }
        let first = *self.positions(kinds).first()?;
        Some(&self.kinds[first].index)
    }

    /// Forgets the names of kinds that nobody wants and nobody has published: they come from
    /// outside, and memory must not grow with them.
    pub(crate) fn forget_unused(&mut self, kinds: &Kinds) {
        let Kinds::Named(names) = kinds else { return };
        self.patterns.retain(|(_, index)| !index.is_empty());
        let unused: Vec<_> = names.iter().flat_map(|name| self.known(name)).collect();
        let unused = unused.into_iter().filter(|(_, at)| self.kinds[**at].is_unused());
        let unused: Vec<_> = unused.map(|(name, at)| (Arc::clone(name), *at)).collect();
        for (name, at) in unused {
            let (kept, published) = (self.kinds[at].kept, self.kinds[at].published);
            self.open -= usize::from(kept);
            if published > 0 && *name == *OTHER_KINDS {
                continue;
            }
            self.by_name.remove(&name);
            self.free.push(at);
            if published > 0 {
                self.kinds[at].published = 0;
                let others = self.named(&Arc::from(OTHER_KINDS));
                self.kinds[others].published += published;
            }
        }
    }
}

/// The patterns among the kinds of a subscription.
fn patterns(kinds: &Kinds) -> impl Iterator<Item = &Arc<str>> {
    let names = if let Kinds::Named(names) = kinds { names.as_slice() } else { &[] };
    names.iter().filter(|name| prefix(name).is_some())
}
