//! An event with the name of a field's type; its helper has no error.
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
