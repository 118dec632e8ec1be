//! Batch handlers: what one call gets, how long it waits for more, and what becomes of each of its
//! events.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
#[path = "../common/mod.rs"]
mod common;
mod consumer;
mod ends;
mod gaps;
mod linger;
mod outcomes;

use std::sync::Arc;

use bus_core::{AgentEvent, Batch, EventBus, Outcome};
use common::Notes;
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Load {
    Work {
        n: u64,
    },
    #[event(critical)]
    Alarm {
        n: u64,
    },
    #[event(coalesce)]
    Progress {
        n: u64,
    },
    Other {
        n: u64,
    },
}

fn numbers(events: &Batch<Work>) -> Vec<u64> {
    events.iter().map(|event| event.n).collect()
}

/// A batch handler that notes its numbers, and then waits at a gate.
fn gated(bus: &EventBus, n: usize) -> (Notes<Vec<u64>>, Arc<Semaphore>) {
    let (calls, gate) = (Notes::new(), Arc::new(Semaphore::new(0)));
    let state = (calls.clone(), Arc::clone(&gate));
    bus.subscribe::<Work>()
        .name("gated")
        .batch(n)
        .with(state)
        .handle(async |(calls, gate), events| {
            calls.add(numbers(&events));
            gate.acquire().await.unwrap().forget();
        })
        .detach();
    (calls, gate)
}

/// Sends four events that come in one call, and returns the outcome of each in its receipt.
async fn outcomes(bus: &EventBus) -> Vec<Outcome> {
    let sent: Vec<_> = (0..4_u64).map(|n| bus.stream("desk").emit_work(n).send()).collect();
    let mut outcomes = Vec::new();
    for sent in sent {
        let receipt = sent.finished().await;
        let problem = receipt.problems().first().map(|problem| problem.outcome().clone());
        assert_eq!(receipt.handled() + receipt.problems().len(), 1);
        outcomes.push(problem.unwrap_or(Outcome::Handled));
    }
    outcomes
}
