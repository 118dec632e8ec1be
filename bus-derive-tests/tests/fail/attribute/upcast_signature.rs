//! A hook of the wrong shape.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(version = 2, upcast = raise)]
    TargetStarted,
}

fn raise(data: serde_json::Value) -> serde_json::Value {
    data
}

fn main() {}
