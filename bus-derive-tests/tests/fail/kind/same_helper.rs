//! Two names with one helper.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    LlmCalled,
    #[event(kind = "llm_called_loudly")]
    LLMCalled,
}

fn main() {}
