//! A field that cannot go to another thread.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        target: String,
        #[serde(skip)]
        cache: std::cell::Cell<u8>,
    },
}

fn main() {}
