//! A setter that another field has already.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    MailQueued {
        retries: Option<u32>,
        #[event(default)]
        maybe_retries: bool,
    },
}

fn main() {}
