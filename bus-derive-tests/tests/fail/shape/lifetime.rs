//! A definition that borrows.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents<'a> {
    TargetStarted { target: &'a str },
}

fn main() {}
