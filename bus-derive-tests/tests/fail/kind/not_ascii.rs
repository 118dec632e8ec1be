//! A name that gives no kind.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    ZielErgänzt,
}

fn main() {}
