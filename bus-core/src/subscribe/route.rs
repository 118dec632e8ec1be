//! The conditions of a filter that the bus looks up, and the rest that it asks.

use std::panic::Location;

use crate::delivery::{Core, Kinds, Part, Wanted};
use crate::filter::{Field, Filter};
use crate::scope::PARENT_EXECUTION;

impl Filter {
    /// Moves the conditions that are found by a look-up into `kinds` and `wanted`, and returns the
    /// rest, if there is one.
    ///
    /// A part that is restricted already stays as it is, since another value there would mean "or":
    /// two filters must both fit.
    pub(crate) fn route(
        mut self,
        core: &Core,
        kinds: &mut Kinds,
        wanted: &mut Wanted,
        at: &'static Location<'static>,
    ) -> Option<Self> {
        if let Some((_, excluded)) = self.excluded.fields.iter().find(|(field, _)| *field == Field::Kind) {
            core.check_names(excluded, at);
        }
        self.wanted.fields.retain(|(field, values)| {
            if *field == Field::Kind {
                let is_taken = !matches!(kinds, Kinds::Any);
                if is_taken {
                    core.check_names(values.iter(), at);
                } else {
                    core.add_names(kinds, values.iter(), at);
                }
                return is_taken;
            }
            let Some(part) = field.part().filter(|part| !wanted.has(part)) else { return true };
            for value in values {
                wanted.add(part.clone(), value.as_str());
            }
            false
        });
        (!self.is_empty()).then_some(self)
    }
}

impl Field {
    /// The part of a scope that it is.
    fn part(&self) -> Option<Part> {
        match self {
            Self::StreamId => Some(Part::Stream),
            Self::NodeId => Some(Part::Node),
            Self::ExecutionId => Some(Part::Execution),
            Self::ParentExecutionId => Some(Part::Attribute(PARENT_EXECUTION.into())),
            Self::CorrelationId => Some(Part::Correlation),
            Self::Attribute(name) => Some(Part::Attribute(name.as_str().into())),
            Self::Kind | Self::Data(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::{Filter, Kinds, Wanted};
    use crate::bus::EventBus;

    #[test]
    fn kinds_and_ids_are_looked_up_and_the_rest_is_asked() {
        let bus = EventBus::new();
        let route = |text: &str, kinds: &mut Kinds, wanted: &mut Wanted| {
            let filter: Filter = text.parse().expect("a filter");
            filter.route(&bus.core, kinds, wanted, Location::caller()).map(|rest| rest.to_string())
        };
        let (mut kinds, mut wanted) = (Kinds::Any, Wanted::default());
        let first = "kind:a,b* stream:s node:n execution:e,f correlation:c attribute.x:y";
        assert_eq!(route(first, &mut kinds, &mut wanted), None);
        assert!(matches!(&kinds, Kinds::Named(names) if names.len() == 2));
        assert_eq!(wanted.rows().len(), 2, "one for each execution");
        // A second value would mean "or" there.
        let second = "kind:a execution:e parent_execution:p -node:m error";
        let rest = route(second, &mut kinds, &mut wanted);
        assert_eq!(rest.as_deref(), Some("kind:a execution:e error -node:m"));
    }
}
