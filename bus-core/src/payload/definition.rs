//! A definition file: a set of events that are declared together.

use std::fmt;

use super::{Descriptor, ErasedPayload, Location};

/// A definition: an enum whose variants are events. Implemented by `#[derive(AgentEvent)]`; the
/// enum is never built.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a definition of events: put `#[derive(AgentEvent)]` on an enum",
    label = "not a definition"
)]
pub trait AgentEvent: 'static {
    /// One event of the definition, borrowed, as the enum to `match` on.
    type View<'a>;

    /// The name of the enum.
    const NAME: &'static str;

    /// The schema version of events that set none of their own.
    const VERSION: u32;

    /// Its events, in order.
    const EVENTS: &'static [&'static Descriptor];

    /// The registration, for explicit registration without a linker that supports it.
    const REGISTRATION: &'static Registration;

    /// The view of a payload that belongs to this definition.
    #[doc(hidden)]
    fn view(payload: &dyn ErasedPayload) -> Option<Self::View<'_>>;

    /// Never called; see its implementation in the derive.
    #[doc(hidden)]
    #[must_use]
    fn witness<T>(self) -> Self
    where
        Self: Sized;
}

/// One definition file in the registry.
#[derive(Debug)]
#[non_exhaustive]
pub struct Registration {
    /// The name of the definition enum.
    pub definition: &'static str,
    /// Its module.
    pub module: &'static str,
    /// The location of its declaration.
    pub location: Location,
    /// Its events, in order.
    pub events: &'static [&'static Descriptor],
    /// The package it is compiled in; `None` where cargo did not compile it.
    pub package: Option<Package>,
}

/// A package of cargo, by name and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl Registration {
    #[doc(hidden)]
    pub const fn new(
        definition: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        events: &'static [&'static Descriptor],
    ) -> Self {
        Self { definition, module, location: Location { file, line }, events, package: None }
    }
}

#[doc(hidden)]
impl Registration {
    /// The same in a package; called with what cargo tells the compiler.
    #[must_use]
    pub const fn in_package(mut self, name: Option<&'static str>, version: Option<&'static str>) -> Self {
        if let (Some(name), Some(version)) = (name, version) {
            self.package = Some(Package { name, version });
        }
        self
    }
}

/// Registers a definition for [`linked`]; called by generated code, which cannot see the features
/// of this crate.
#[cfg(feature = "inventory")]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($registration:expr) => {
        $crate::__private::__inventory::submit! { $registration }
    };
}

/// Without the feature `inventory` there is no registration.
#[cfg(not(feature = "inventory"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($registration:expr) => {};
}

#[cfg(feature = "inventory")]
inventory::collect!(&'static Registration);

/// The linked definition files, in no order; none without the feature `inventory`.
pub fn linked() -> Vec<&'static Registration> {
    #[cfg(feature = "inventory")]
    return inventory::iter::<&'static Registration>.into_iter().copied().collect();
    #[cfg(not(feature = "inventory"))]
    Vec::new()
}
