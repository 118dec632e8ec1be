//! A definition without events.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {}

fn main() {}
