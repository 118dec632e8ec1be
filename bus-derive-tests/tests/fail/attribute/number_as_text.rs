//! A version that is text.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(version = "2")]
pub enum BuildEvents {
    TargetStarted,
}

fn main() {}
