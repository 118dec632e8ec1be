//! A handler that captures what its future borrows.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    BuildFinished { ok: bool },
}

fn main() {
    let name = std::string::String::from("log");
    let _guard = EventBus::new().subscribe::<BuildFinished>().handle(async move |event| {
        println!("{name} {}", event.ok);
    });
}
