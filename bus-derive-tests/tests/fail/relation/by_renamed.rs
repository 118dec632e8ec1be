//! The pair is matched by a field that has two names on the wire.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinished, by(target)))]
    TargetStarted { target: String },
    TargetFinished {
        #[serde(rename = "name")]
        target: String,
    },
}

fn main() {}
