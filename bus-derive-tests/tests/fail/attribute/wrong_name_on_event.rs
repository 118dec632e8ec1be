//! `events` on an event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[events(critical)]
    TargetStarted,
}

fn main() {}
