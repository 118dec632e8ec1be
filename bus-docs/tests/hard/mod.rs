//! Definitions of types that are hard to describe: other languages, validators and code generators
//! meet in them what ordinary events never show. `.ci/docs/run` has other tools read the catalogue
//! of these definitions, beside that of the agent.

mod choices;
mod defaults;
mod foreign;
mod hidden;
mod names;
mod numbers;
mod shapes;

use bus_core::AgentEvent as _;
use bus_core::catalogue::Descriptor;

/// The prefix of every kind.
pub(crate) const PREFIX: &str = "hard.";

/// Every event of these definitions.
pub(crate) fn events() -> Vec<&'static Descriptor> {
    let definitions = [
        choices::ChoiceEvents::EVENTS,
        defaults::DefaultEvents::EVENTS,
        foreign::ForeignEvents::EVENTS,
        hidden::HiddenEvents::EVENTS,
        names::NameEvents::EVENTS,
        numbers::NumberEvents::EVENTS,
        shapes::ShapeEvents::EVENTS,
    ];
    definitions.into_iter().flatten().copied().collect()
}
