//! Changes between two releases of a catalogue, and their effect on its users.

mod effect;
mod fields;
mod nested;
mod types;
mod variants;

use std::fmt;

use crate::model::{Catalog, Event};

/// One difference between two releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The effect on code that reads or emits events.
    pub weight: Weight,
    /// The kind of the changed event.
    pub kind: String,
    /// The change.
    pub what: String,
    /// The remedy, if one is needed.
    pub remedy: Option<String>,
}

/// The effect of a change on code that reads or emits events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It breaks readers or emitters without notice.
    Breaking,
    /// It breaks them, and the event has a higher version that announces it.
    Announced,
    /// It breaks nothing.
    Compatible,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.weight {
            Weight::Breaking => "error",
            Weight::Announced => "announced",
            Weight::Compatible => "compatible",
        };
        write!(f, "{word}: `{}`: {}", self.kind, self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n    {remedy}"),
            None => Ok(()),
        }
    }
}

/// Returns all changes from `old` to `new`: breaking ones first, then by kind.
///
/// ```
/// use bus_core::AgentEvent;
/// use bus_docs::{Catalog, Weight};
///
/// let old = Catalog::of("Agent events", bus_agent::AgentEvents::EVENTS);
/// let mut new = old.clone();
/// new.events.retain(|event| event.kind != "node_stalled");
/// let changes = bus_docs::compare(&old, &new);
/// assert_eq!(changes[0].weight, Weight::Breaking);
/// assert_eq!(changes[0].kind, "node_stalled");
/// ```
pub fn compare(old: &Catalog, new: &Catalog) -> Vec<Change> {
    let mut changes = Vec::new();
    for before in &old.events {
        match successor(new, &before.kind) {
            Some(after) => event(&mut Report::new(before, after, &mut changes), old, new),
            None => changes.push(Change {
                weight: Weight::Breaking,
                kind: before.kind.clone(),
                what: "the event was removed: its readers wait forever, and recorded events stay untyped"
                    .to_owned(),
                remedy: Some(format!(
                    "put it back, or add `alias(\"{}\")` to the event that takes its place",
                    before.kind
                )),
            }),
        }
    }
    for after in &new.events {
        let names = || std::iter::once(&after.kind).chain(&after.aliases);
        if !names().any(|name| old.event(name).is_some()) {
            changes.push(compatible(&after.kind, "is new".to_owned()));
        }
    }
    changes.sort_by(|a, b| (a.weight, &a.kind).cmp(&(b.weight, &b.kind)));
    changes
}

/// The event with this kind, or with this alias.
fn successor<'a>(catalog: &'a Catalog, kind: &str) -> Option<&'a Event> {
    catalog
        .event(kind)
        .or_else(|| catalog.events.iter().find(|event| event.aliases.iter().any(|a| a == kind)))
}

fn compatible(kind: &str, what: String) -> Change {
    Change { weight: Weight::Compatible, kind: kind.to_owned(), what, remedy: None }
}

/// One event before and after, and its changes.
struct Report<'a> {
    before: &'a Event,
    after: &'a Event,
    changes: &'a mut Vec<Change>,
}

impl<'a> Report<'a> {
    fn new(before: &'a Event, after: &'a Event, changes: &'a mut Vec<Change>) -> Self {
        Self { before, after, changes }
    }

    /// A change that breaks users, unless a higher version announces it.
    fn breaks(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        let announced = self.after.version > self.before.version;
        let raise = format!("{}, or set the event to `version = {}`", remedy.into(), self.before.version + 1);
        let weight = if announced { Weight::Announced } else { Weight::Breaking };
        self.push(weight, what.into(), (!announced).then_some(raise));
    }

    /// A change that breaks users whatever the version is.
    fn forbids(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.push(Weight::Breaking, what.into(), Some(remedy.into()));
    }

    fn allows(&mut self, what: impl Into<String>) {
        self.push(Weight::Compatible, what.into(), None);
    }

    fn push(&mut self, weight: Weight, what: String, remedy: Option<String>) {
        self.changes.push(Change { weight, kind: self.after.kind.clone(), what, remedy });
    }
}

fn event(report: &mut Report<'_>, old: &Catalog, new: &Catalog) {
    let (before, after) = (report.before, report.after);
    if before.kind != after.kind {
        report.allows(format!("was called `{}`, which is still read", before.kind));
    }
    match after.version.cmp(&before.version) {
        std::cmp::Ordering::Less => report.forbids(
            format!("its version went from {} down to {}", before.version, after.version),
            format!("versions only grow: write `version = {}` or more", before.version),
        ),
        std::cmp::Ordering::Greater => {
            report.allows(format!("its version went from {} to {}", before.version, after.version));
        }
        std::cmp::Ordering::Equal => {}
    }
    if before.name != after.name {
        report.breaks(
            format!(
                "its payload was `{}` and is `{}`: calls of `{}` do not compile",
                before.name, after.name, before.helper
            ),
            format!("call it `{}` again; `kind = \"…\"` changes the name on the wire alone", before.name),
        );
    }
    for alias in before.aliases.iter().filter(|alias| **alias != after.kind && !after.aliases.contains(alias))
    {
        report.breaks(
            format!(
                "`{alias}` is no longer read as this event: events recorded under that name stay untyped"
            ),
            format!("put back `alias(\"{alias}\")`"),
        );
    }
    scope(report);
    policy(report);
    fields::check(report, old, new);
}

fn scope(report: &mut Report<'_>) {
    let (before, after) = (report.before.scope, report.after.scope);
    for (name, had, has) in
        [("node", before.node, after.node), ("execution", before.execution, after.execution)]
    {
        match (had, has) {
            (false, true) => report.breaks(
                format!("it cannot be emitted without {name} any more: emitters without one do not compile"),
                format!("take `{name}` out of `requires(…)`"),
            ),
            (true, false) => {
                report.allows(format!("it can be emitted without {name}: readers may find null"));
            }
            _ => {}
        }
    }
}

/// Delivery policies do not change the content of an event.
fn policy(report: &mut Report<'_>) {
    let (before, after) = (report.before, report.after);
    let flags = [
        ("critical", before.policy.critical, after.policy.critical),
        ("transient", before.policy.transient, after.policy.transient),
        ("sticky", before.policy.sticky, after.policy.sticky),
        ("coalesced", before.policy.coalesce.is_some(), after.policy.coalesce.is_some()),
        ("deprecated", before.deprecated.is_some(), after.deprecated.is_some()),
    ];
    for (name, had, has) in flags.into_iter().filter(|(_, had, has)| had != has) {
        let _ = had;
        report.allows(if has { format!("is {name} now") } else { format!("is not {name} any more") });
    }
    if before.life != after.life {
        let now = after.life_words().unwrap_or_else(|| "is no step in the life of its execution".to_owned());
        report.allows(format!("it {now} now"));
    }
    if before.reply != after.reply {
        let now = after.reply.as_deref().map_or("nothing".to_owned(), |ty| format!("`{ty}`"));
        report.allows(format!("handlers answer it with {now} now"));
    }
    if before.ends_with != after.ends_with {
        let ends: Vec<&str> = after.ends_with.iter().map(|end| end.kind.as_str()).collect();
        report.allows(format!(
            "it now ends with: {}",
            if ends.is_empty() { "nothing".to_owned() } else { ends.join(", ") }
        ));
    }
}
