//! A field that cannot be copied.
use bus_core::AgentEvent;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Profile;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, profile: Profile },
}

fn main() {}
