//! Waiting for the answers to an event without answers.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
}

pub async fn ask() {
    let desk = EventBus::new().stream("desk");
    match desk.emit_target_started("app").replies().await {
        Ok(answers) => println!("{} answers", answers.len()),
        Err(error) => println!("{error}"),
    }
}

fn main() {}
