//! A function of serde's `default` that returns another type.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(default = "Vec::<u8>::new")]
        target: String,
    },
}

fn main() {}
