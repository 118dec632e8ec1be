//! A variant with a number.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted = 1,
}

fn main() {}
