//! The helpers are methods of a trait, which must be in scope.
use bus_core::EventBus;

mod events {
    use bus_core::AgentEvent;

    #[derive(AgentEvent)]
    pub enum BuildEvents {
        TargetStarted { target: String },
    }
}

fn main() {
    EventBus::new().stream("build").emit_target_started("app").send();
}
