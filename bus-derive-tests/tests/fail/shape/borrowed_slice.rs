//! A field that borrows deep inside.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { paths: Vec<&'static [u8]> },
}

fn main() {
    EventBus::new().stream("build").emit_target_started(Vec::<&[u8]>::new()).send();
}
