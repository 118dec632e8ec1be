//! Executions: their state, times and counts, from published events and from those that were read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::{Arc, Mutex};

use bus_core::catalogue::Life;
use bus_core::{
    AgentEvent, Emitter, EventBus, Execution, ExecutionState, ExecutionSummary, Executions, NoNode, Payload,
    ReadEvent,
};
use common::trial;
use serde_json::json;

#[derive(AgentEvent)]
enum Runs {
    #[event(requires(execution), execution(begins))]
    RunStarted,
    #[event(requires(node), execution(pauses))]
    RunPaused,
    #[event(requires(execution), execution(resumes))]
    RunResumed,
    #[event(requires(execution), execution(ends = "completed"))]
    RunCompleted,
    #[event(requires(execution), execution(ends = "failed"))]
    RunGaveUp,
    #[event(requires(execution), execution(ends = "cancelled"))]
    RunStopped,
    /// Declares no step.
    Step { error: String },
}

type Run = Emitter<NoNode, Execution>;

async fn step(run: &Run, word: &str) {
    match word {
        "start" => run.emit_run_started().await,
        "pause" => run.node("n").emit_run_paused().await,
        "resume" => run.emit_run_resumed().await,
        "complete" => run.emit_run_completed().await,
        "fail" => run.emit_run_gave_up().await,
        "stop" => run.emit_run_stopped().await,
        _ => run.emit_step(if word == "error" { "no" } else { "" }).await,
    };
}

/// The executions of a bus by its history, and by the lines of it that another bus reads.
fn both_ways(bus: &EventBus) -> Executions {
    let events = bus.history().oldest_first().limit(1_000).collect();
    let reader = EventBus::builder().events::<Runs>().build().unwrap();
    let lines: Vec<ReadEvent> =
        events.iter().map(|event| reader.read_json(&event.to_json()).unwrap()).collect();
    let (mut published, mut read) = (Executions::new(), Executions::new());
    for event in &events {
        published.add(event);
    }
    for event in &lines {
        read.add(event);
    }
    assert!(published.iter().eq(read.iter()));
    published
}

#[test]
fn the_definition_declares_the_steps() {
    let steps: Vec<_> = Runs::EVENTS.iter().map(|event| event.life).collect();
    let (pauses, resumes) = (Life::Pauses, Life::Resumes);
    let ends = [Life::Completes, Life::Fails, Life::Cancels];
    assert_eq!(steps[..3], [Some(Life::Begins), Some(pauses), Some(resumes)]);
    assert_eq!(steps[3..], [Some(ends[0]), Some(ends[1]), Some(ends[2]), None]);
    assert!(ends.iter().all(|step| step.is_end()) && !pauses.is_end() && !resumes.is_end());
    assert_eq!(RunStopped::DESCRIPTOR.life.unwrap().to_string(), "cancelled");
}

#[test]
fn the_state_follows_the_steps() {
    trial().run(async |bus, _| {
        use ExecutionState::{Cancelled, Completed, Failed, Paused, Running, Unknown};
        let cases = [
            ("step", Unknown),
            ("start step", Running),
            ("start pause step", Paused),
            ("start pause resume", Running),
            ("resume", Running),
            ("start complete step", Completed),
            ("start pause fail", Failed),
            ("start stop pause", Cancelled),
            ("start stop resume", Cancelled),
            ("start fail complete", Failed),
            ("start fail start", Running),
        ];
        for (steps, _) in cases {
            let run = bus.stream("desk").execution(steps);
            for word in steps.split(' ') {
                step(&run, word).await;
            }
        }
        let found = both_ways(&bus);
        assert_eq!(found.len(), cases.len());
        for (steps, state) in cases {
            let run = found.get(steps).unwrap();
            assert_eq!((run.state, run.end.is_some()), (state, state.is_end()), "{steps}");
            assert_eq!(run.start.is_some(), steps.starts_with("start"), "{steps}");
            assert_eq!(run.events, steps.split(' ').count() as u64, "{steps}");
        }
    });
}

#[test]
fn times_counts_and_parents_are_those_of_its_events() {
    trial().run(async |bus, _| {
        let run = bus.stream("desk").execution("a");
        for word in ["start", "error", "step"] {
            step(&run, word).await;
        }
        let child = run.child_execution("b");
        for word in ["start", "fail"] {
            step(&child, word).await;
        }
        bus.stream("desk").emit_dynamic("no_execution", json!({})).await;
        step(&run, "complete").await;
        step(&run, "step").await;
        let found = both_ways(&bus);
        let all = bus.history().oldest_first().collect();
        let (a, b) = (found.get("a").unwrap(), found.get("b").unwrap());
        assert_eq!(found.iter().map(|run| &*run.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((a.events, a.errors, b.events, b.errors), (5, 1, 2, 1));
        assert_eq!((a.parent.as_deref(), b.parent.as_deref()), (None, Some("a")));
        assert_eq!((&*a.stream, &*b.stream), ("desk", "desk"));
        let at = |position: usize| Some(all[position].timestamp());
        assert_eq!((a.first, a.start, a.end, a.last), (at(0), at(0), at(6), at(7)));
        assert_eq!((b.first, b.start, b.end, b.last), (at(3), at(3), at(4), at(4)));
    });
}

#[test]
fn a_reader_of_the_past_marks_what_did_not_end() {
    trial().run(async |bus, _| {
        for steps in ["start", "start pause", "start complete", "step"] {
            for word in steps.split(' ') {
                step(&bus.stream("desk").execution(steps), word).await;
            }
        }
        let mut found = both_ways(&bus);
        found.interrupt();
        let states: Vec<_> = found.iter().map(|run| run.state.as_str()).collect();
        assert_eq!(states, ["interrupted", "interrupted", "completed", "unknown"]);
        assert_eq!(serde_json::to_value(ExecutionState::Interrupted).unwrap(), "interrupted");
        let removed = found.remove("start").unwrap();
        assert_eq!((&*removed.id, found.len(), found.get("start").is_none()), ("start", 3, true));
        // The run was resumed.
        let mut again: ExecutionSummary = removed;
        let resumed = bus.stream("desk").execution("start");
        step(&resumed, "resume").await;
        again.add(&bus.history().limit(1).collect()[0]);
        assert_eq!(again.state, ExecutionState::Running);
    });
}

#[test]
fn a_subscription_follows_live_executions() {
    trial().run(async |bus, _| {
        let found = Arc::new(Mutex::new(Executions::new()));
        let _guard = bus
            .subscribe_any()
            .with(found.clone())
            .handle_sync(|found, event| found.lock().unwrap().add(event));
        let run = bus.stream("desk").execution("a");
        for (word, state) in
            [("start", "running"), ("pause", "paused"), ("resume", "running"), ("stop", "cancelled")]
        {
            step(&run, word).await;
            assert_eq!(found.lock().unwrap().get("a").unwrap().state.to_string(), state);
        }
    });
}
