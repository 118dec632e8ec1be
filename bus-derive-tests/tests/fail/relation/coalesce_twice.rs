//! One field, named twice.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(coalesce(target, target))]
    TargetProgressed { target: String, percent: u8 },
}

fn main() {}
