//! The catalogue: every event kind that a bus knows, by name and by type.
//!
//! A bus starts with the definitions that its builder names and, with the feature `inventory`, with
//! every definition file that is linked into the program. Emitting or subscribing to a typed event
//! adds its kind.

mod nearest;

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub(crate) use nearest::closest;

use crate::error::DuplicateKind;
use crate::payload::{Descriptor, Package, Registration};

/// Every event kind that a bus knows.
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, EventBus};
///
/// #[derive(AgentEvent)]
/// enum BuildEvents {
///     /// A target began to compile.
///     #[event(alias("target_begun"))]
///     TargetStarted { target: String },
/// }
///
/// let bus = EventBus::builder().events::<BuildEvents>().build()?;
/// let catalogue = bus.catalogue();
/// assert_eq!(catalogue.get("target_begun").map(|event| event.kind), Some("target_started"));
/// # Ok::<(), bus_core::BuildError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// By kind and by alias.
    names: HashMap<&'static str, &'static Descriptor, hashbrown::DefaultHashBuilder>,
    types: TypeMap<&'static Descriptor>,
    /// Asked which package an event is from.
    registrations: Vec<&'static Registration>,
}

impl Catalogue {
    /// The catalogue of all definitions that are linked into this program.
    ///
    /// # Errors
    /// Every kind or alias that two events have, with both locations.
    pub fn linked() -> Result<Self, Vec<DuplicateKind>> {
        Self::of(crate::payload::linked(), &[])
    }

    /// The events that these registrations declare. A name that a preferred one declares too
    /// belongs to the preferred one.
    pub(crate) fn of(
        registrations: Vec<&'static Registration>,
        preferred: &[&'static Registration],
    ) -> Result<Self, Vec<DuplicateKind>> {
        let taken: HashSet<_> = events(preferred).flat_map(names).collect();
        let own: HashSet<_> = events(preferred).map(Descriptor::type_id).collect();
        let stays = |event: &&'static Descriptor| {
            own.contains(&event.type_id()) || !names(event).any(|name| taken.contains(name))
        };
        // The order of linking is not specified; sorted, so that an error always names the same
        // location first.
        let mut events: Vec<_> = events(&registrations).filter(stays).collect();
        let mut catalogue = Self { registrations, ..Self::default() };
        events.sort_by_key(|event| (event.location.file, event.location.line, event.kind));
        let duplicates: Vec<_> = events.into_iter().filter_map(|event| catalogue.add(event).err()).collect();
        if duplicates.is_empty() { Ok(catalogue) } else { Err(duplicates) }
    }

    /// Adds a kind. Adding it again changes nothing.
    pub(crate) fn add(&mut self, event: &'static Descriptor) -> Result<(), DuplicateKind> {
        if self.types.contains_key(&event.type_id()) {
            return Ok(());
        }
        if let Some((kind, first)) = names(event).find_map(|name| Some((name, self.names.get(name)?))) {
            return Err(DuplicateKind {
                kind: kind.to_owned(),
                first: first.location,
                second: event.location,
                first_package: self.package(first),
                second_package: self.package(event),
            });
        }
        self.types.insert(event.type_id(), event);
        self.names.extend(names(event).map(|name| (name, event)));
        Ok(())
    }

    /// The package that declares an event, where that is known.
    #[cold]
    fn package(&self, event: &Descriptor) -> Option<&'static Package> {
        let has = |registration: &&Registration| {
            registration.events.iter().any(|other| other.type_id() == event.type_id())
        };
        let mut all = self.registrations.iter().copied().chain(crate::payload::linked());
        all.find(has)?.package.as_ref()
    }

    /// The event of this kind, or of this alias.
    pub fn get(&self, kind: &str) -> Option<&'static Descriptor> {
        self.names.get(kind).copied()
    }

    /// Whether an event has this kind or alias, or one that begins so for a pattern that ends with
    /// `*`.
    pub(crate) fn declares(&self, wanted: &str) -> bool {
        let begins = |prefix| self.types.values().any(|event| event.kind.starts_with(prefix));
        self.names.contains_key(wanted) || wanted.strip_suffix('*').is_some_and(begins)
    }

    /// The event with this payload type.
    pub fn get_type(&self, payload: std::any::TypeId) -> Option<&'static Descriptor> {
        self.types.get(&payload).copied()
    }

    /// All events, sorted by kind.
    pub fn iter(&self) -> impl Iterator<Item = &'static Descriptor> + use<> {
        let mut all: Vec<_> = self.types.values().copied().collect();
        all.sort_by_key(|event| event.kind);
        all.into_iter()
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether no event is known. Then no definition file is linked in: its crate needs a
    /// `use definitions as _;`.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

fn events(registrations: &[&'static Registration]) -> impl Iterator<Item = &'static Descriptor> {
    registrations.iter().flat_map(|registration| registration.events).copied()
}

/// The kind of an event, and its aliases.
fn names(event: &'static Descriptor) -> impl Iterator<Item = &'static str> {
    std::iter::once(event.kind).chain(event.aliases.iter().copied())
}

/// A `TypeId` is a hash already.
#[derive(Default)]
pub(crate) struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

pub(crate) type TypeMap<T> = HashMap<TypeId, T, BuildHasherDefault<TypeIdHasher>>;
