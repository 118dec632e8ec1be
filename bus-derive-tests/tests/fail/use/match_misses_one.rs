//! A match on the view that misses an event.
use bus_core::{AgentEvent, Event};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
    TargetFinished { target: String },
}

fn main() {}

fn name(event: &Event<BuildEvents>) -> &str {
    match event.view() {
        BuildEventsRef::TargetStarted(event) => &event.target,
    }
}
