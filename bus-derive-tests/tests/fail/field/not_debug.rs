//! A field that is never written still appears in `Debug`.
use bus_core::AgentEvent;

#[derive(Clone, Default)]
pub struct Cache;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(skip)]
        cache: Cache,
    },
}

fn main() {}
