//! `transient`, `critical`, `sticky`, `coalesce` and `ends_with`, from the definition to the queue.

use std::time::Duration;

use bus_core::{AgentEvent, EventBus, EventsAndGaps, Overflow};

#[derive(AgentEvent)]
#[events(prefix = "policy.", derive(PartialEq))]
pub(crate) enum PolicyEvents {
    #[event(transient)]
    TokenCame {
        text: String,
    },
    #[event(critical)]
    RunFailed {
        error: String,
    },
    #[event(coalesce, sticky)]
    LoadChanged {
        percent: u8,
    },
    #[event(coalesce(target))]
    TargetMoved {
        target: String,
        percent: u8,
    },
    #[event(ends_with(JobDone, JobFailed, by(job, part)))]
    JobBegan {
        job: String,
        part: u8,
        note: Option<String>,
    },
    JobDone {
        job: String,
        part: u8,
    },
    JobFailed {
        job: String,
        part: u8,
        error: String,
    },
    #[event(reply = Option<bool>)]
    StepTaken {
        number: u32,
    },
}

/// The events that wait in a stream; a gap is `lagged N`.
fn drained(stream: &mut EventsAndGaps<PolicyEvents>) -> Vec<String> {
    let shown = |event: &bus_core::Event<PolicyEvents>| match event.view() {
        PolicyEventsRef::TokenCame(event) => event.text.clone(),
        PolicyEventsRef::RunFailed(event) => event.error.clone(),
        PolicyEventsRef::LoadChanged(event) => format!("load {}", event.percent),
        PolicyEventsRef::TargetMoved(event) => format!("{} {}", event.target, event.percent),
        PolicyEventsRef::StepTaken(event) => format!("step {}", event.number),
        other => panic!("{other:?}"),
    };
    let next = || stream.try_recv();
    std::iter::from_fn(next)
        .map(|item| match item {
            Ok(event) => shown(&event),
            Err(lagged) => format!("lagged {}", lagged.missed.unwrap()),
        })
        .collect()
}

#[test]
fn a_flood_of_transient_events_evicts_nothing_else() {
    let bus = EventBus::builder().history(3).transient_history(2).build().unwrap();
    let desk = bus.stream("desk");
    desk.emit_step_taken(1).send();
    for n in 0..100 {
        desk.emit_token_came(format!("t{n}")).send();
    }
    desk.emit_step_taken(2).send();
    let kept: Vec<_> =
        bus.history().oldest_first().collect().iter().map(|event| event.kind().to_owned()).collect();
    assert_eq!(kept, ["policy.step_taken", "policy.token_came", "policy.token_came", "policy.step_taken"]);
    assert_eq!(bus.stats().evicted_transient, 98);
    assert_eq!(bus.stats().evicted, 0);
}

#[test]
fn critical_events_are_the_last_to_go() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest] {
        let bus = EventBus::new();
        let mut stream =
            bus.subscribe::<PolicyEvents>().capacity(3).overflow(overflow).into_stream().with_gaps();
        let desk = bus.stream("desk");
        desk.emit_run_failed("first").send();
        for number in 0..10 {
            desk.emit_step_taken(number).send();
        }
        desk.emit_run_failed("last").send();
        let seen = drained(&mut stream);
        assert!(seen.contains(&"first".to_owned()), "{overflow:?}: {seen:?}");
        assert!(seen.contains(&"last".to_owned()), "{overflow:?}: {seen:?}");
        assert!(seen.iter().any(|line| line.starts_with("lagged")), "{overflow:?}: {seen:?}");
    }
}

#[test]
fn a_newer_event_replaces_an_older_one_of_equal_scope_and_fields() {
    let bus = EventBus::new();
    let mut stream =
        bus.subscribe::<PolicyEvents>().capacity(4).overflow(Overflow::Coalesce).into_stream().with_gaps();
    let (desk, other) = (bus.stream("desk"), bus.stream("other"));
    desk.emit_target_moved("app", 1).send();
    desk.emit_target_moved("lib", 1).send();
    other.emit_target_moved("app", 1).send();
    desk.emit_load_changed(1).send();
    for percent in 2..50 {
        desk.emit_target_moved("app", percent).send();
        desk.emit_load_changed(percent).send();
    }
    let seen = drained(&mut stream);
    let mut last: Vec<_> = seen.iter().filter(|line| !line.starts_with("lagged")).cloned().collect();
    last.sort();
    assert_eq!(last, ["app 1", "app 49", "lib 1", "load 49"], "{seen:?}");
}

#[test]
fn the_newest_of_a_sticky_event_is_kept_without_a_history() {
    let bus = EventBus::builder().history(0).transient_history(0).build().unwrap();
    bus.stream("desk").emit_load_changed(1).send();
    bus.stream("desk").emit_load_changed(2).send();
    bus.stream("desk").emit_step_taken(1).send();
    assert_eq!(bus.latest::<LoadChanged>().newest().unwrap().percent, 2);
    assert_eq!(bus.latest_any().collect().len(), 1);
}

#[tokio::test]
async fn pairs_that_are_not_whole_are_reported_when_asked_and_at_close() {
    let bus = EventBus::new();
    let (desk, node) = (bus.stream("desk"), bus.stream("desk").node("one"));
    desk.emit_job_began("whole", 1).await;
    desk.emit_job_done("whole", 1).await;
    desk.emit_job_began("failed", 1).note("x").await;
    desk.emit_job_failed("failed", 1, "no").await;
    desk.emit_job_began("open", 1).await;
    desk.emit_job_done("open", 2).await;
    node.emit_job_done("open", 1).await;
    let pairs = bus.open_pairs();
    assert_eq!(pairs.unfinished.len(), 1);
    assert_eq!(pairs.unfinished[0].kind, "policy.job_began");
    assert_eq!(pairs.unmatched_total, 2);
    assert_eq!(pairs.unmatched[1].scope.node(), Some("one"));
    let report = bus.close(Duration::from_secs(5)).await;
    assert_eq!(report.open_pairs.unfinished.len(), 1);
    assert_eq!(report.open_pairs.unmatched_total, 2);
}

#[test]
fn the_descriptor_has_the_policy() {
    let policies: Vec<_> = PolicyEvents::EVENTS.iter().map(|event| event.policy).collect();
    assert!(policies[0].transient && policies[1].critical);
    assert!(policies[2].sticky && !policies[3].sticky);
    assert_eq!(PolicyEvents::EVENTS[7].reply, Some("Option<bool>"));
    assert_eq!(policies[2].coalesce, Some(&[][..]));
    assert_eq!(policies[3].coalesce, Some(&["target"][..]));
    let ends: Vec<_> = PolicyEvents::EVENTS[4].ends_with.iter().map(|end| (end.kind, end.by)).collect();
    assert_eq!(
        ends,
        [("policy.job_done", &["job", "part"][..]), ("policy.job_failed", &["job", "part"][..])]
    );
}
