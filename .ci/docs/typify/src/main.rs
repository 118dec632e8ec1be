//! Reads the examples of each catalogue with the types that typify makes from its schemas.

#![allow(irrefutable_let_patterns, clippy::all, reason = "the code of typify")]

use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde_json::Value;

mod agent {
    typify::import_types!(schema = "agent.schema.json");
}

mod hard {
    typify::import_types!(schema = "hard.schema.json");
}

fn main() -> ExitCode {
    let agent = read::<agent::AgentEvents>(include_str!("../agent.json"));
    let hard = read::<hard::HardTypes>(include_str!("../hard.json"));
    if agent && hard { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether every example could be read.
fn read<T: DeserializeOwned>(catalogue: &str) -> bool {
    let catalogue: Value = serde_json::from_str(catalogue).expect("a catalogue is JSON");
    let mut all = true;
    let events = catalogue["events"].as_array().into_iter().flatten();
    let examples: Vec<(&Value, &str)> =
        events.filter_map(|event| Some((&event["kind"], event["example"].as_str()?))).collect();
    for (kind, example) in &examples {
        if let Err(error) = serde_json::from_str::<T>(example) {
            println!("{kind}: {error}");
            all = false;
        }
    }
    println!("{} examples of {} read", examples.len(), catalogue["title"]);
    all
}
