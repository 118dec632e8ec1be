//! Never dropped and replaced at once.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(critical, coalesce)]
    TargetProgressed { target: String, percent: u8 },
}

fn main() {}
