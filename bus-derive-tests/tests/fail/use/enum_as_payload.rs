//! The definition is not an event.
use bus_core::Emitter;
use bus_derive_tests::OpenEvents;

fn main() {}

fn open(house: &Emitter, opened: OpenEvents) {
    house.emit(opened).send();
}
