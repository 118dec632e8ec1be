//! The payload's own `new` takes the arguments of the helper: a number is a number.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires(node))]
    TargetStarted {
        target: String,
        jobs: u32,
        #[event(default)]
        args: Vec<String>,
        memory: Option<u64>,
    },
}

fn main() {
    let _ = TargetStarted::new("app", "four");
}
