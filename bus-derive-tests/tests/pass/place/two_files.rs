//! Two definition files of one crate.
#[path = "../../files/first.rs"]
mod first;
#[path = "../../files/second.rs"]
mod second;

use first::FirstEventsEmit as _;
use second::SecondEventsEmit as _;

fn main() {
    let bus = bus_core::EventBus::new();
    bus.stream("files").emit_first_opened("a").send();
    bus.stream("files").emit_second_opened("b").send();
    let files: Vec<_> = bus.catalogue().iter().map(|event| event.location.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(files, ["first.rs", "second.rs"]);
}
