//! The view of a definition is exhaustive.
use bus_core::{AgentEvent, Event, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
    TargetFinished { target: String, warnings: Option<u32> },
    BuildFinished,
}

fn name(event: &Event<BuildEvents>) -> &str {
    match event.view() {
        BuildEventsRef::TargetStarted(event) => &event.target,
        BuildEventsRef::TargetFinished(TargetFinished { target, .. }) => target,
        BuildEventsRef::BuildFinished(BuildFinished) => "",
    }
}

fn main() {
    let bus = EventBus::new();
    let (send, received) = std::sync::mpsc::channel();
    bus.subscribe::<BuildEvents>().handle_sync(move |event| send.send(name(event).to_owned()).unwrap()).detach();
    let build = bus.stream("build");
    build.emit_target_started("a").send();
    build.emit_target_finished("b").send();
    build.emit_build_finished().send();
    assert_eq!(received.try_iter().collect::<Vec<_>>(), ["a", "b", ""]);
}
