//! AG-UI: every scenario keeps the order that clients demand, and shows what was said, wherever a
//! client joins.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(clippy::needless_for_each, reason = "the steps of a scenario read as one sentence")]

mod checker;
mod scenarios;

use std::time::{Duration, SystemTime};

use bus_core::{AnyEvent, LagCause, Lagged};
use bus_web::agui::{AguiEvent, Mapper, Settings};
use checker::{Client, lines};
use scenarios::{Scenario, emit, map, scenarios};

/// The events of a scenario, and after which of them a client answers an interrupt.
fn published(scenario: &Scenario) -> Vec<(AnyEvent, usize)> {
    let bus = bus_core::testing::builder().build().unwrap();
    let emitter = bus.stream("desk").execution("exec-1");
    let mut runs = Vec::new();
    for run in 0..scenario.runs() {
        for step in scenario.run(run) {
            emit(&emitter, step);
            runs.push(run);
        }
    }
    bus.history().oldest_first().limit(10_000).collect().into_iter().zip(runs).collect()
}

fn mapper() -> Mapper {
    Mapper::new(Settings::new("thread-1", "exec-1"))
}

/// Maps a scenario, and joins before the n-th event if there is such a one. Returns a list of
/// bodies: a pause ends one.
fn play(scenario: &Scenario, join: Option<usize>) -> Vec<Vec<AguiEvent>> {
    let (mut mapper, mut bodies, mut out) = (mapper(), Vec::new(), Vec::new());
    let mut client = Client::default();
    let mut answered = 0;
    for (number, (event, run)) in published(scenario).into_iter().enumerate() {
        while answered < run {
            answered += 1;
            assert!(mapper.is_ended(), "{}: the run before an answer has ended", scenario.name);
            bodies.push(std::mem::take(&mut out));
            mapper.begin(event.timestamp(), &mut out);
        }
        if join == Some(number) {
            // The client has what was sent of it before its connection was cut.
            bodies.push(std::mem::take(&mut out));
            bodies.iter().for_each(|body| client.read_cut(body));
            out = mapper.join(&client.messages(), event.timestamp());
        }
        mapper.event_as(&event, map(&event), &mut out);
    }
    mapper.fail("no_end", "the agent returned", SystemTime::UNIX_EPOCH, &mut out);
    bodies.push(out);
    bodies
}

fn code(body: &[AguiEvent]) -> String {
    let last = serde_json::to_value(body.last().unwrap()).unwrap();
    let outcome = last["outcome"]["type"].as_str();
    last["code"].as_str().or(outcome).unwrap_or_default().to_owned()
}

#[test]
fn every_scenario_keeps_the_order_and_shows_what_was_said() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 28);
    for scenario in scenarios {
        let mut client = Client::default();
        let bodies = play(&scenario, None);
        assert_eq!(bodies.len(), scenario.runs(), "{}", scenario.name);
        for body in &bodies {
            client.read(body).unwrap_or_else(|problem| panic!("{}: {problem}", scenario.name));
        }
        assert_eq!(lines(&client.messages()), scenario.said, "{}", scenario.name);
        assert_eq!(code(bodies.last().unwrap()), scenario.end, "{}", scenario.name);
    }
}

#[test]
fn a_client_that_joins_before_any_event_has_the_same_messages() {
    for scenario in scenarios() {
        let mut whole = Client::default();
        play(&scenario, None).iter().for_each(|body| whole.read(body).unwrap());
        for join in 0..published(&scenario).len() {
            let bodies = play(&scenario, Some(join));
            let mut client = Client::default();
            for (number, body) in bodies.iter().enumerate() {
                let is_cut = !body.last().is_some_and(AguiEvent::is_terminal);
                if is_cut {
                    client.read_cut(body);
                } else {
                    client.read(body).unwrap_or_else(|problem| {
                        panic!("{}, joined before event {join}, body {number}: {problem}", scenario.name)
                    });
                }
            }
            assert_eq!(client.messages(), whole.messages(), "{}, joined before event {join}", scenario.name);
        }
    }
}

/// The first body that joins is all that a new client sees.
#[test]
fn a_new_client_that_joins_has_the_same_messages() {
    for scenario in scenarios() {
        let mut whole = Client::default();
        play(&scenario, None).iter().for_each(|body| whole.read(body).unwrap());
        let mut mapper = mapper();
        let mut ignored = Vec::new();
        let events = published(&scenario);
        events.iter().for_each(|(event, _)| mapper.event_as(event, map(event), &mut ignored));
        let mut out = mapper.join(&[], SystemTime::UNIX_EPOCH);
        mapper.fail("no_end", "the agent returned", SystemTime::UNIX_EPOCH, &mut out);
        let mut client = Client::default();
        client.read(&out).unwrap_or_else(|problem| panic!("{}: {problem}", scenario.name));
        assert_eq!(client.messages(), whole.messages(), "{}", scenario.name);
    }
}

#[test]
fn ids_differ_between_runs_of_the_bus_and_are_ascii() {
    for scenario in scenarios() {
        let of_run = |run| {
            let mut mapper = mapper();
            let mut out = Vec::new();
            let bus = bus_core::testing::builder().run(run).build().unwrap();
            let emitter = bus.stream("desk").execution("exec-1");
            (0..scenario.runs()).flat_map(|run| scenario.run(run)).for_each(|step| emit(&emitter, step));
            let events = bus.history().oldest_first().limit(10_000).collect();
            events.iter().for_each(|event| mapper.event_as(event, map(event), &mut out));
            let mut client = Client::default();
            client.read_cut(&out);
            client.ids()
        };
        let (one, other) = (of_run(1), of_run(2));
        assert!(one.iter().all(|id| id.is_ascii() && !other.contains(id)), "{}: {one:?}", scenario.name);
    }
}

#[test]
fn a_gap_is_a_custom_event_and_lost_parts_of_a_text_come_back() {
    let bus = bus_core::testing::builder().build().unwrap();
    let node = bus.stream("desk").execution("exec-1").node("a");
    for (content, snapshot) in [("One", "One"), (" two", "One two"), (" three", "One two three")] {
        let data = serde_json::json!({ "content": content, "snapshot": snapshot });
        node.emit_dynamic("llm_text_delta", data).send();
    }
    let events = bus.history().oldest_first().collect();
    let (mut mapper, mut out) = (mapper(), Vec::new());
    mapper.event(&events[0], &mut out);
    let gap = Lagged::new(events[1].cursor(), events[1].cursor(), Some(1), LagCause::Overflow);
    mapper.gap(&gap, events[1].timestamp(), &mut out);
    mapper.event(&events[2], &mut out);
    mapper.fail("stream_ended", "", SystemTime::UNIX_EPOCH, &mut out);
    let mut client = Client::default();
    client.read(&out).unwrap();
    assert_eq!(lines(&client.messages()), ["assistant|One two three"]);
    let gap = out.iter().map(AguiEvent::to_json).find(|event| event.contains("bus.lagged")).unwrap();
    assert!(gap.contains(r#""value":{"cause":"overflow","from":"0000000000000001-2","missed":1,"#), "{gap}");
    // A client that joins later learns of it too.
    let joined = mapper.join(&[], SystemTime::UNIX_EPOCH);
    assert!(joined.iter().any(|event| event.to_json().contains("bus.lagged")));
}

#[test]
fn a_gap_before_the_first_event_waits_for_it() {
    let bus = bus_core::testing::builder().build().unwrap();
    let run = bus.stream("desk").execution("exec-1");
    run.emit_dynamic("vendor_kind", serde_json::json!({})).send();
    let event = bus.history().collect().remove(0);
    let (mut mapper, mut out) = (mapper(), Vec::new());
    let gap = Lagged::new(event.cursor(), event.cursor(), None, LagCause::Evicted);
    mapper.gap(&gap, event.timestamp(), &mut out);
    assert!(out.is_empty() && !mapper.is_known());
    mapper.event(&event, &mut out);
    mapper.fail("stream_ended", "", SystemTime::UNIX_EPOCH, &mut out);
    Client::default().read(&out).unwrap();
    assert!(out[1].to_json().contains("bus.lagged") && !out[1].to_json().contains("missed"));
}

#[test]
fn parts_of_a_text_are_joined_to_twenty_a_second() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let clock = bus_core::testing::StepClock::new(start, Duration::from_millis(1));
    let bus = bus_core::testing::builder().clock(clock).history(10).transient_history(9_000).build().unwrap();
    let node = bus.stream("desk").execution("exec-1").node("a");
    for _ in 0..4_000 {
        node.emit_dynamic("llm_text_delta", serde_json::json!({ "content": "x", "snapshot": "" })).send();
    }
    let events = bus.history().oldest_first().limit(9_000).collect();
    let (mut mapper, mut out) = (mapper(), Vec::new());
    events.iter().for_each(|event| mapper.event(event, &mut out));
    assert!(mapper.has_pending());
    mapper.fail("stream_ended", "", start, &mut out);
    let parts = out.iter().filter(|event| event.to_json().contains("TEXT_MESSAGE_CONTENT")).count();
    assert_eq!(parts, 81, "4,000 parts in 4 s, and the last one");
    let mut client = Client::default();
    client.read(&out).unwrap();
    assert_eq!(client.messages()[0]["content"].as_str().unwrap().len(), 4_000);
}

#[test]
fn late_events_are_counted() {
    let scenario = scenarios().into_iter().find(|scenario| scenario.name == "late_events").unwrap();
    let (mut mapper, mut out) = (mapper(), Vec::new());
    published(&scenario).iter().for_each(|(event, _)| mapper.event(event, &mut out));
    assert_eq!(mapper.late(), 3);
    assert!(out.last().unwrap().is_terminal());
}

#[test]
fn a_run_behind_a_pause_has_a_name_of_its_own_and_names_its_parent() {
    let scenario = scenarios().into_iter().find(|scenario| scenario.name == "two_interrupts").unwrap();
    let bodies = play(&scenario, None);
    let first: Vec<_> = bodies.iter().map(|body| serde_json::to_value(&body[0]).unwrap()).collect();
    let names: Vec<_> = first.iter().map(|event| event["runId"].as_str().unwrap()).collect();
    assert_eq!(names, ["exec-1", "exec-1#2", "exec-1#3"]);
    let parents: Vec<_> =
        first.iter().map(|event| event.get("parentRunId").and_then(|id| id.as_str())).collect();
    assert_eq!(parents, [None, Some("exec-1"), Some("exec-1#2")]);
    let interrupt = |body: &Vec<AguiEvent>| {
        let last = serde_json::to_value(body.last().unwrap()).unwrap();
        last["outcome"]["interrupts"][0]["id"].as_str().unwrap().to_owned()
    };
    assert_ne!(interrupt(&bodies[0]), interrupt(&bodies[1]));
}
