//! A default for a type without `Default`.
use bus_core::AgentEvent;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default)]
        profile: Profile,
    },
}

fn main() {}
