//! Values of the wrong sort.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(version = "2")]
pub enum BuildEvents {
    #[event(kind = target_started, version = 0)]
    TargetStarted,
}

fn main() {}
