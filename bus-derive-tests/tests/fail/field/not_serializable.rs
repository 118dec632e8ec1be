//! A field that cannot be written.
use bus_core::AgentEvent;

#[derive(Clone, Debug)]
pub struct Profile;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, profile: Profile },
}

fn main() {}
