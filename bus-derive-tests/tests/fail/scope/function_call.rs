//! A function that asks for a node is called without one.
use bus_core::{EventBus, NodeScoped};

fn main() {
    run(&EventBus::new().stream("desk"));
}

fn run(_: &impl NodeScoped) {}
