//! A closure that is not async, given as an async handler.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    BuildFinished { ok: bool },
}

fn main() {
    let _guard = EventBus::new().subscribe::<BuildFinished>().handle(|event| println!("{}", event.ok));
}
