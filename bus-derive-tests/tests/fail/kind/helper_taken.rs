//! An event whose helper every emitter has already.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    Dynamic { target: String },
}

fn main() {}
