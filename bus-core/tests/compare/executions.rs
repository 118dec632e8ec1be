//! Executions, and the events in them, that one recording lacks or has in another order.

use bus_core::testing::{Compare, Recording};
use serde_json::json;

use crate::{GARDEN, differences, line, recording, steps};

/// An execution that answers a question in two steps.
fn answers(id: &str, question: &str) -> [String; 3] {
    [
        line(id, "", "began", &json!({ "question": question })),
        line(id, "", "searched", &json!({ "query": question })),
        line(id, "", "ended", &json!({})),
    ]
}

fn interleaved(first: &[String; 3], second: &[String; 3]) -> Recording {
    let pairs = first.iter().zip(second).flat_map(|(first, second)| [first.clone(), second.clone()]);
    recording(&pairs.collect::<Vec<_>>())
}

#[test]
fn executions_may_interleave_in_any_way() {
    let (one, two) = (answers("1", "why?"), answers("2", "how?"));
    let after_each_other = recording(&[&one[..], &two[..]].concat());
    assert_eq!(differences(&after_each_other, &interleaved(&one, &two)), "");
    assert_eq!(differences(&after_each_other, &interleaved(&two, &one)), "");
}

#[test]
fn executions_with_new_ids_are_found_by_what_they_begin_with() {
    let expected = interleaved(&answers("a7", "why?"), &answers("b2", "how?"));
    let actual = interleaved(&answers("c9", "how?"), &answers("d1", "why?"));
    assert_eq!(differences(&expected, &actual), "");
    // Equal ones in the order in which they began.
    let twice = |ids: [&str; 2]| interleaved(&answers(ids[0], "why?"), &answers(ids[1], "why?"));
    assert_eq!(differences(&twice(["a", "b"]), &twice(["c", "d"])), "");
    // And one whose first event has changed is compared, not missing.
    let expected = recording(&answers("a7", "why?"));
    let found = Compare::new(recording(&answers("c9", "how?"))).against(&expected);
    let fields: Vec<_> = found.iter().filter_map(|difference| difference.field.as_deref()).collect();
    assert_eq!(fields, ["data.question", "data.query"]);
}

#[test]
fn an_execution_that_only_one_has_is_one_difference() {
    let (one, two) = (answers("1", "why?"), answers("2", "how?"));
    let (both, alone) = (interleaved(&one, &two), recording(&one));
    assert_eq!(
        differences(&both, &alone),
        "execution 2: missing, 3 events from began on\n  - {\"question\":\"how?\"}"
    );
    assert_eq!(
        differences(&alone, &both),
        "execution 2: extra, 3 events from began on\n  + {\"question\":\"how?\"}"
    );
    assert_eq!(Compare::new(Recording::default()).against(&both).count(), 2);
}

#[test]
fn parents_are_the_executions_that_were_matched() {
    let child = |parent: &str, id: &str| {
        let line = line(id, "", "began", &json!({ "question": "how?", "execution_id": id }));
        line.replace("\"data\"", &format!("\"parent_execution_id\":\"{parent}\",\"data\""))
    };
    let run = |first: &str, second: &str, of_child: &str, id: &str| {
        let (why, who) = (answers(first, "why?"), answers(second, "who?"));
        recording(&[&why[..], &who[..], &[child(of_child, id)]].concat())
    };
    let expected = run("a", "b", "a", "c");
    let compare = |actual| Compare::new(actual).rename("execution_id").against(&expected).to_string();
    assert_eq!(compare(run("x", "y", "x", "z")), "");
    let found = compare(run("x", "y", "y", "z"));
    assert!(found.contains("parent_execution_id, \"a\" was \"x\" before\n  - \"a\"\n  + \"y\""), "{found}");
}

#[test]
fn events_that_are_missing_extra_or_in_another_order_are_named() {
    let step = |kind: &'static str| (kind, json!({ "of": kind }));
    let of = |kinds: &[&'static str]| steps(&kinds.iter().copied().map(step).collect::<Vec<_>>());
    let expected = of(&["a", "b", "c"]);
    let shown = |kinds: &[&'static str]| differences(&expected, &of(kinds));
    assert_eq!(shown(&["a", "c"]), "execution e, event 2 of 3, b: missing\n  - {\"of\":\"b\"}");
    assert_eq!(shown(&["a", "b", "c", "d"]), "execution e, event 4 of 4, d: extra\n  + {\"of\":\"d\"}");
    assert_eq!(
        shown(&["b", "a", "c"]),
        "execution e, event 1 of 3, a: missing\n  - {\"of\":\"a\"}\n\
         execution e, event 2 of 3, a: extra\n  + {\"of\":\"a\"}"
    );
    // Nothing behind a missing event counts as different.
    assert_eq!(Compare::new(of(&["b", "c"])).against(&expected).count(), 1);
    assert_eq!(Compare::new(of(&["a", "b", "c", "a", "b", "c"])).against(&expected).count(), 3);
}

#[test]
fn equal_kinds_are_aligned_by_what_they_say() {
    let of = |values: &[u32]| steps(&values.iter().map(|n| ("read", json!({ "n": n }))).collect::<Vec<_>>());
    let found = Compare::new(of(&[1, 3, 4, 5, 7])).against(&of(&[1, 2, 3, 4, 5, 6]));
    assert_eq!(
        found.to_string(),
        "execution e, event 2 of 6, read: missing\n  - {\"n\":2}\n\
         execution e, event 6 of 6, read: data.n\n  - 6\n  + 7"
    );
}

#[test]
fn nodes_at_the_same_time_may_interleave_in_any_way_where_asked_for() {
    let event = |node: &str, n: u32| line("e", node, "step", &json!({ "n": n }));
    let expected = recording(&[event("a", 1), event("b", 1), event("a", 2), event("", 1), event("b", 2)]);
    let other = recording(&[event("", 1), event("b", 1), event("b", 2), event("a", 1), event("a", 2)]);
    assert!(!Compare::new(other.clone()).against(&expected).is_empty());
    assert!(Compare::new(other).any_order_between_nodes().against(&expected).is_empty());
    // Inside of a node the order counts, and an event belongs to its node.
    let swapped = recording(&[event("a", 1), event("b", 2), event("a", 2), event("", 1), event("b", 1)]);
    let moved = recording(&[event("a", 1), event("b", 1), event("b", 2), event("b", 2), event("", 1)]);
    for wrong in [swapped, moved] {
        let found = Compare::new(wrong).any_order_between_nodes().against(&expected);
        assert_eq!(found.count(), 2, "{found}");
        assert!(found.iter().all(|difference| difference.node.is_some() && difference.of <= 3), "{found}");
    }
}

#[test]
fn many_differences_are_counted_and_the_first_are_listed() {
    let of =
        |from: u32| steps(&(from..from + 3_000).map(|n| ("read", json!({ "n": n }))).collect::<Vec<_>>());
    let found = Compare::new(of(5_000)).against(&of(0));
    assert_eq!((found.count(), found.iter().count()), (3_000, 1_000));
    assert!(found.to_string().ends_with("and 2980 more"), "{found}");
}

#[test]
fn events_without_an_execution_belong_to_their_stream() {
    let garden: Recording = GARDEN.parse().unwrap();
    let lines: Vec<&str> = GARDEN.lines().collect();
    let first: Recording = lines[1..].join("\n").parse().unwrap();
    let found = Compare::new(first).against(&garden);
    assert_eq!(found.count(), 1, "{found}");
    assert!(found.to_string().starts_with("stream garden, event 1 of "), "{found}");
}
