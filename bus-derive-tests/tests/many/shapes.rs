//! Three items that cannot be a definition, and their users: 3 errors.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub struct TargetStarted {
    pub target: String,
}

#[derive(AgentEvent)]
pub enum BuildEvents {}

#[derive(AgentEvent)]
pub enum DoorEvents<'a> {
    DoorOpened { door: &'a str },
}

fn main() {
    let bus = EventBus::new();
    bus.subscribe::<TargetStarted>().handle_sync(|_| {}).detach();
    bus.subscribe::<BuildEvents>().handle_sync(|_| {}).detach();
    bus.stream("house").emit_door_opened("front").send();
}
