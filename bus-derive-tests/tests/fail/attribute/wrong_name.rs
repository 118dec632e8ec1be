//! `event` on the enum and `events` on an event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[event(version = 2)]
pub enum BuildEvents {
    #[events(critical)]
    TargetStarted,
}

fn main() {}
