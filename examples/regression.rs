//! The regression test of an agent: a run is compared with a recorded one.
//!
//! After an intended change, `BUS_RECORD=1 cargo run --example regression` writes the recording
//! anew. In a test, `assert_file` is all that is needed.

use std::hash::{BuildHasher, Hasher, RandomState};

use bus_agent::AgentEventsEmit as _;
use bus_core::testing::{Compare, Recorder, Recording};
use bus_core::{BoxError, EventBus, object};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/ferry.jsonl");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    compared(run("timetable").await).assert_file(RECORDED);
    println!("the agent does what was recorded");

    let found = compared(run("weather").await).against(&Recording::from_file(RECORDED)?);
    println!("an agent with another tool differs in {} places:\n{found}", found.count());
    Ok(())
}

/// Ids of calls are new each time, and so are the borders of deltas. Ids of executions and times
/// do not count anyway.
fn compared(run: Recording) -> Compare {
    Compare::new(run).rename("tool_use_id").join_deltas()
}

/// A run of the agent: it looks up one fact and streams its answer.
async fn run(tool: &str) -> Recording {
    let bus = EventBus::new();
    let recorder = Recorder::new(&bus);
    let run = bus.stream("travel").execution(format!("exec-{:x}", random()));
    run.emit_execution_started().input(object! { "question": "When does the ferry leave?" }).await;

    let (look_up, call) = (run.node("look_up"), format!("call-{:x}", random()));
    look_up.emit_tool_call_started(&call, tool).tool_input(object! { "from": "Mole 4" }).await;
    look_up.emit_tool_call_completed(&call, tool).result("09:40").await;

    let (answer, mut text) = (run.node("answer"), String::new());
    for part in "The ferry leaves at 09:40.".split_inclusive(|_| random().is_multiple_of(4)) {
        text += part;
        answer.emit_llm_text_delta(part, &text).await;
    }
    run.emit_execution_completed().output(object! { "answer": text }).await;
    Recording::from(&recorder)
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
