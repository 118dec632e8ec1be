//! There is nothing older than version 1.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(upcast = raise)]
    TargetStarted,
}

fn raise(_: u32, data: serde_json::Value) -> Result<serde_json::Value, bus_core::BoxError> {
    Ok(data)
}

fn main() {}
