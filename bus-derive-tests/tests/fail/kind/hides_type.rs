//! An event called as the type of a field; its helper is not to blame.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    Option { name: String, value: Option<u8> },
    OptionCleared { was: Option<u8> },
}

fn main() {
    let stream = EventBus::new().stream("settings");
    stream.emit_option("colour").value(4).send();
    stream.emit_option_cleared().was(4).send();
}
