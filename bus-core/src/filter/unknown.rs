//! Kinds of a filter that nobody declares.

use std::fmt;

use super::{Field, Filter};
use crate::excerpt::excerpt;
use crate::registry::Catalogue;

/// A kind in a filter that no definition declares: likely a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind {
    kind: String,
    nearest: Option<&'static str>,
}

impl UnknownKind {
    /// Returns the kind or the pattern in the filter.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the declared kind that was likely meant, if one is much like it.
    pub fn nearest(&self) -> Option<&'static str> {
        self.nearest
    }
}

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no definition declares the kind `{}`", excerpt(&self.kind))?;
        match self.nearest {
            Some(nearest) => write!(f, ": did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl Filter {
    /// Returns the kinds of this filter that no definition of a catalogue declares. They are no
    /// error: `emit_dynamic` and events that were read may have them.
    ///
    /// ```standalone_crate
    /// use bus_core::{AgentEvent, EventBus, Filter};
    ///
    /// #[derive(AgentEvent)]
    /// enum ToolEvents { ToolCallStarted { tool: String } }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = EventBus::builder().events::<ToolEvents>().build()?;
    /// let filter: Filter = "kind:tool_cal_started,tool_*".parse()?;
    /// let unknown = filter.unknown_kinds(&bus.catalogue());
    /// assert_eq!(
    ///     unknown[0].to_string(),
    ///     "no definition declares the kind `tool_cal_started`: did you mean `tool_call_started`?"
    /// );
    /// # Ok(()) }
    /// ```
    pub fn unknown_kinds(&self, catalogue: &Catalogue) -> Vec<UnknownKind> {
        let excluded = self.excluded.fields.iter().filter(|(field, _)| *field == Field::Kind);
        let kinds = self.values(&Field::Kind).iter().chain(excluded.flat_map(|(_, values)| values));
        let unknown = kinds.filter(|kind| !catalogue.declares(kind));
        unknown.map(|kind| UnknownKind { kind: kind.clone(), nearest: catalogue.nearest(kind) }).collect()
    }
}
