//! Kinds that are asked for by name: aliases, patterns, and a warning where no event can have them.

use std::hash::Hash;
use std::panic::Location;
use std::sync::Arc;

use crate::delivery::context;
use crate::delivery::core::Core;
use crate::delivery::routes::{Kinds, fits, prefix};
use crate::excerpt::excerpt;
use crate::registry::Catalogue;
use crate::scope::hash_of;

/// How many warnings a bus gives that name a kind: those may come from outside.
const WARNINGS: usize = 256;

impl Core {
    /// Adds names and patterns to those that are wanted already. An alias stands for its kind.
    pub(crate) fn add_names<K: AsRef<str>>(
        &self,
        kinds: &mut Kinds,
        names: impl IntoIterator<Item = K>,
        at: &'static Location<'static>,
    ) {
        let mut wanted = match std::mem::replace(kinds, Kinds::Any) {
            Kinds::Named(names) => names,
            _ => Vec::new(),
        };
        let (catalogue, before) = (self.catalogue(), wanted.len());
        let mut some = false;
        for name in names {
            some = true;
            let name = catalogue.get(name.as_ref()).map_or(name.as_ref(), |event| event.kind);
            self.check_name(&catalogue, name, at);
            // A pattern takes the place of what fits it, so that no kind fits two.
            let begins = |wanted: &str, other: &str| {
                fits(wanted, other) || prefix(wanted).is_some_and(|prefix| other.starts_with(prefix))
            };
            if !wanted.iter().any(|known| begins(known, name)) {
                wanted.retain(|known| !begins(name, known));
                wanted.push(name.into());
            }
        }
        if !some && before == 0 && self.is_first_warning(&("", at)) {
            context::log(|| {
                tracing::warn!(target: "bus_core", asked_at = %at, "an empty list of kinds selects nothing: name the kinds, or leave `.kinds(..)` out for all of them");
            });
        }
        *kinds = Kinds::Named(wanted);
    }

    /// Warns of names that no definition declares, of kinds that are looked at and not looked up.
    pub(crate) fn check_names<K: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = K>,
        at: &'static Location<'static>,
    ) {
        let catalogue = self.catalogue();
        names.into_iter().for_each(|name| self.check_name(&catalogue, name.as_ref(), at));
    }

    /// Warns of a name that no definition declares, where it is likely a slip.
    fn check_name(&self, catalogue: &Catalogue, name: &str, at: &'static Location<'static>) {
        let inner = name.strip_suffix('*').unwrap_or(name).contains('*');
        let known = || catalogue.declares(name) || self.lock().routes.was_published(name);
        if (!inner && known()) || !self.is_first_warning(&(name, at)) {
            return;
        }
        let nearest = catalogue.nearest(name);
        let kind = excerpt(name);
        context::log(|| match nearest {
            _ if inner => tracing::warn!(
                target: "bus_core", %kind, asked_at = %at,
                "a kind with `*` inside is taken as it is written: `*` stands for any text only at the end, as in `tool_*`"
            ),
            Some(nearest) => tracing::warn!(
                target: "bus_core", %kind, nearest, asked_at = %at,
                "no definition declares this kind: did you mean the nearest one? only `emit_dynamic` and read events can have it"
            ),
            None => tracing::info!(
                target: "bus_core", %kind, asked_at = %at,
                "no definition declares this kind: only `emit_dynamic` and read events can have it"
            ),
        });
    }

    /// Whether this was not reported yet.
    pub(crate) fn is_first_warning(&self, what: &impl Hash) -> bool {
        let this = hash_of(what);
        let mut warned = self.warned.lock();
        let first = warned.len() < WARNINGS && !warned.contains(&this);
        if first {
            warned.push(this);
        }
        first
    }
}

impl Kinds {
    /// The same kinds in the form in which they are found fastest.
    pub(crate) fn shortest(self) -> Self {
        match self {
            Self::Named(names) if names.iter().any(|name| **name == *"*") => Self::Any,
            other => other,
        }
    }

    /// Whether events of a kind are wanted by name.
    pub(crate) fn names(&self, kind: &str) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|name| fits(name, kind)),
            _ => true,
        }
    }

    /// The one kind that is wanted by name, where it is one.
    pub(crate) fn only(&self) -> Option<&Arc<str>> {
        match self {
            Self::Named(names) if names.len() == 1 => names.first().filter(|name| prefix(name).is_none()),
            _ => None,
        }
    }
}
