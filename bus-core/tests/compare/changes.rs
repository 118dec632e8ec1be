//! Random recordings: each change of one is found, and nothing else is.

use bus_core::testing::{Compare, Recording};
use proptest::prelude::*;
use serde_json::json;

use crate::{line, recording};

/// One event: execution, node, kind, an id and a value, each out of a few.
type Event = (u8, u8, u8, u8, u8);

fn written(events: &[Event], rename: impl Fn(u8) -> String) -> Recording {
    let line = |(execution, node, kind, id, value): &Event| {
        let node = if *node == 0 { String::new() } else { format!("node-{node}") };
        let data = json!({ "id": rename(*id), "values": [{ "n": value }] });
        line(&format!("exec-{execution}"), &node, &format!("kind_{kind}"), &data)
    };
    recording(&events.iter().map(line).collect::<Vec<_>>())
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec((0..3_u8, 0..3_u8, 0..2_u8, 0..4_u8, 0..3_u8), 1..24)
}

fn compare(actual: Recording) -> [Compare; 2] {
    let compare = Compare::new(actual).rename("id");
    [compare.clone(), compare.any_order_between_nodes()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn other_names_are_no_change(events in events(), by in 1..200_u8) {
        let actual = written(&events, |id| format!("{:x}", (u32::from(id) + u32::from(by)) * 7919));
        for compare in compare(actual) {
            let found = compare.against(&written(&events, |id| id.to_string()));
            prop_assert!(found.is_empty(), "{}", found);
        }
    }

    #[test]
    fn a_changed_value_is_the_only_difference(events in events(), at in 0..24_usize) {
        let at = at % events.len();
        let mut changed = events.clone();
        changed[at].4 += 100;
        for compare in compare(written(&changed, |id| id.to_string())) {
            let found = compare.against(&written(&events, |id| id.to_string()));
            prop_assert_eq!(found.count(), 1, "{}", found);
            prop_assert_eq!(found.iter().next().unwrap().field.as_deref(), Some("data.values[0].n"));
        }
    }

    #[test]
    fn a_missing_event_is_found_in_both_directions(events in events(), at in 0..24_usize) {
        let mut fewer = events.clone();
        fewer.remove(at % events.len());
        let (all, fewer) = [&events, &fewer].map(|events| written(events, |id| id.to_string())).into();
        for compare in compare(fewer.clone()) {
            prop_assert!(!compare.against(&all).is_empty());
        }
        for compare in compare(all) {
            prop_assert!(!compare.against(&fewer).is_empty());
        }
    }

    #[test]
    fn two_names_for_one_are_found(events in events()) {
        let merged = written(&events, |id| (id / 2).to_string());
        let has = |ids: [u8; 2]| ids.iter().all(|id| events.iter().any(|event| event.3 == *id));
        for compare in compare(merged) {
            let found = compare.against(&written(&events, |id| id.to_string()));
            prop_assert_eq!(!found.is_empty(), has([0, 1]) || has([2, 3]), "{}", found);
        }
    }

    #[test]
    fn other_orders_inside_of_an_execution_are_found(events in events(), at in 0..24_usize) {
        let at = at % events.len();
        let Some(next) = events.iter().skip(at + 1).position(|event| event.0 == events[at].0) else { return Ok(()) };
        let next = at + 1 + next;
        let mut swapped = events.clone();
        swapped.swap(at, next);
        let same = |one: &Event, other: &Event| (one.1, one.2, one.4) == (other.1, other.2, other.4);
        let [in_order, by_node] = compare(written(&swapped, |id| id.to_string()));
        let expected = written(&events, |id| id.to_string());
        let (one, other) = (&events[at], &events[next]);
        if !same(one, other) {
            prop_assert!(!in_order.against(&expected).is_empty());
        }
        let found = by_node.against(&expected);
        if one.1 != other.1 {
            prop_assert!(found.is_empty(), "{}", found);
        } else if !same(one, other) {
            prop_assert!(!found.is_empty());
        }
    }
}
