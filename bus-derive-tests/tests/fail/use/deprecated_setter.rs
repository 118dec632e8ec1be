//! A deprecated field warns where it is set.
#![deny(deprecated)]
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        target: String,
        #[deprecated(note = "use `args`")]
        flags: Option<String>,
        #[event(default)]
        args: Vec<String>,
    },
}

fn main() {
    EventBus::new().stream("build").emit_target_started("app").flags("-O").send();
}
