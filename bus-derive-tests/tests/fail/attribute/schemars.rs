//! Attributes that no derive reads.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[schemars(with = "String")]
        jobs: u32,
    },
}

fn main() {}
