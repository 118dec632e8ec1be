//! All mistakes of a file in one compile.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(prefx = "build.")]
pub enum BuildEvents {
    #[event(requires(stream))]
    TargetStarted { target: &'static str },
    #[event(crit)]
    TargetFinished,
}

fn main() {}
