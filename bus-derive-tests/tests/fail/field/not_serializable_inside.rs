//! A list of a type that cannot be read.
use bus_core::AgentEvent;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Profile;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, profiles: Vec<Profile> },
}

fn main() {}
