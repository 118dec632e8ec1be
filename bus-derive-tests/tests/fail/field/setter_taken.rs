//! An optional field whose setter would be `send`.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    MailQueued {
        send: Option<bool>,
    },
}

fn main() {}
