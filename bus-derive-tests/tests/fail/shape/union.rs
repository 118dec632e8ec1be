//! A union under the derive.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub union Number {
    small: u8,
    large: u64,
}

fn main() {}
