//! A name that is no valid kind.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    ZielErgänzt,
}

fn main() {}
