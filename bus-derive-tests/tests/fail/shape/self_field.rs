//! `Self` is the enum, which is never built.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, parent: Option<Box<Self>> },
}

fn main() {}
