//! Coalesced by a field that is not there.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(coalesce(name))]
    TargetProgressed { target: String, percent: u8 },
}

fn main() {}
