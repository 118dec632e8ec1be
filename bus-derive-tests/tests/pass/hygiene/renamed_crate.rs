//! bus-core under another name, and re-exported by the user's own module.

mod vendor {
    pub use bus_core as events;
}

#[derive(vendor::events::AgentEvent)]
#[events(crate = crate::vendor::events)]
pub enum BuildEvents {
    #[event(requires(node))]
    TargetStarted {
        target: String,
        #[event(default, redact)]
        token: String,
        input: vendor::events::Object,
    },
    BuildFinished,
}

fn main() {
    let node = vendor::events::EventBus::new().stream("build").node("compiler");
    node.emit_target_started("app", vendor::events::object! { "a": 1 }).token("t").send();
}
