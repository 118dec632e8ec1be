//! Coalesced by an unknown field.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(coalesce(name))]
    TargetProgressed { target: String, percent: u8 },
}

fn main() {}
