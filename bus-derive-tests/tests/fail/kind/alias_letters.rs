//! An alias is a name that some reader accepted.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias("target\nstarted"))]
    TargetStarted,
}

fn main() {}
