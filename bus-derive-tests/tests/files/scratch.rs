//! A program with a definition file, to which `new_kind.rs` adds a kind.
use bus_core::{AgentEvent, Event, EventBus};

/// The events of a build.
#[derive(AgentEvent)]
pub enum BuildEvents {
    /// A target began to compile.
    TargetStarted { target: String },
    /* variant */
}

fn name(event: &Event<BuildEvents>) -> &str {
    match event.view() {
        BuildEventsRef::TargetStarted(event) => &event.target,
        /* arm */
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bus = EventBus::new();
    let build = bus.stream("build");
    build.emit_target_started("app").await;
    let event = bus.history().collect().remove(0);
    assert_eq!(name(&event.typed::<BuildEvents>().unwrap()), "app");
    /* use */
}
