//! A kind is a name, not a sentence.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind = "a_target_that_somebody_named_on_the_command_line_or_in_a_file_began_to_compile_for_the_first_time_today")]
    TargetStarted,
}

fn main() {}
