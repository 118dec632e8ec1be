//! Published as `#[non_exhaustive]`, the view requires an arm for events to come.
use bus_core::Event;
use bus_derive_tests::{OpenEvents, OpenEventsRef};

fn main() {}

fn name(event: &Event<OpenEvents>) -> &str {
    match event.view() {
        OpenEventsRef::DoorOpened(event) => &event.door,
    }
}
