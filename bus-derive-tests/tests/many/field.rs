//! A field type without derives can be neither copied nor written: 2 errors.
use bus_core::AgentEvent;

pub struct Profile;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, profile: Profile },
}

fn main() {}
