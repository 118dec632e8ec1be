//! A word twice, in one attribute and over two.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(critical, version = 2)]
    #[event(critical)]
    TargetStarted,
}

fn main() {}
