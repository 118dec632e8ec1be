//! A function that asks for a node and emits an event that needs an execution too.
use bus_core::{AgentEvent, NodeScoped};

#[derive(AgentEvent)]
pub enum DeskEvents {
    #[event(requires(node))]
    NodeWoke,
    #[event(requires(execution))]
    ExecutionDone,
}

fn main() {}

fn run(scope: &impl NodeScoped) {
    scope.emit_node_woke().send();
    scope.emit_execution_done().send();
}
