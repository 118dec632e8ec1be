//! An optional field that borrows; neither its setters nor its default have an error.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default = Some("debug"))]
        profile: Option<&'static str>,
    },
}

fn main() {
    EventBus::new().stream("build").emit_target_started().profile("release").maybe_profile(None::<&str>).send();
}
