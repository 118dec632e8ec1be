//! Fields that differ, that are ignored and that are renamed.

use bus_core::testing::Compare;
use serde_json::json;

use crate::{differences, line, recording, steps};

#[test]
fn each_value_that_differs_is_named_with_its_path() {
    let expected = steps(&[("called", json!({ "tool": "grep", "input": { "paths": ["a", "b"], "n": 1 } }))]);
    let actual =
        steps(&[("called", json!({ "tool": "grep", "input": { "paths": ["a", "c", "d"], "n": "1" } }))]);
    let of = "execution e, event 1 of 1, called: data.input";
    assert_eq!(
        differences(&expected, &actual),
        format!("{of}.n\n  - 1\n  + \"1\"\n{of}.paths[1]\n  - \"b\"\n  + \"c\"\n{of}.paths[2]\n  + \"d\"")
    );
}

#[test]
fn null_nothing_and_a_list_are_different_values() {
    let of = |data| steps(&[("called", data)]);
    let all =
        [json!({}), json!({ "a": null }), json!({ "a": [] }), json!({ "a": {} }), json!({ "a": false })];
    for (left, expected) in all.iter().enumerate() {
        for (right, actual) in all.iter().enumerate() {
            let found = Compare::new(of(actual.clone())).against(&of(expected.clone()));
            assert_eq!(found.count(), usize::from(left != right), "{expected} {actual}: {found}");
        }
    }
}

#[test]
fn the_scope_is_compared_too() {
    let event = |correlation: &str, graph: &str| {
        let text = format!(
            r#"{{"type":"asked","stream_id":"desk","execution_id":"e","correlation_id":"{correlation}",
            "graph_id":"{graph}","tries":{{"n":[1]}},"timestamp":"2026-11-22T06:14:08"}}"#
        );
        recording(&[text.replace('\n', " ")])
    };
    let (expected, actual) = (event("req-1", "g"), event("req-2", "h"));
    let of = "execution e, event 1 of 1, asked: ";
    assert_eq!(
        differences(&expected, &actual),
        format!("{of}correlation_id\n  - \"req-1\"\n  + \"req-2\"\n{of}graph_id\n  - \"g\"\n  + \"h\"")
    );
    let compare = Compare::new(actual).rename("correlation_id").ignore("graph_id");
    assert!(compare.against(&expected).is_empty());
}

#[test]
fn an_ignored_field_is_ignored_at_any_depth_and_no_other() {
    let data = |ms: u32, tokens: u32| json!({ "ms": ms, "calls": [{ "ms": ms, "usage": { "tokens": tokens } }], "tokens": 7, "items": ms });
    let compare = |field: &str, actual| {
        Compare::new(steps(&[("done", actual)])).ignore(field).against(&steps(&[("done", data(1, 1))]))
    };
    assert_eq!(compare("ms", data(2, 1)).count(), 1, "`items` ends with the same letters");
    assert!(compare("usage.tokens", data(1, 2)).is_empty());
    assert!(compare("data.calls", data(1, 2)).is_empty());
    assert_eq!(compare("call", data(1, 2)).count(), 1);
    let other = json!({ "ms": 1, "calls": [{ "ms": 1, "usage": { "tokens": 1 } }], "tokens": 8, "items": 1 });
    assert_eq!(compare("usage.tokens", other).count(), 1);
}

#[test]
fn renamed_values_stand_for_each_other_one_for_one() {
    let calls = |ids: [&str; 4]| {
        let called = |id: &str| ("called", json!({ "id": id, "list": [{ "id": id }] }));
        steps(&ids.map(called))
    };
    let count = |expected, actual| Compare::new(calls(actual)).rename("id").against(&calls(expected)).count();
    assert_eq!(count(["a", "b", "a", "c"], ["x", "y", "x", "z"]), 0);
    assert_eq!(count(["a", "b", "a", "c"], ["b", "a", "b", "c"]), 0);
    assert!(count(["a", "b", "a", "c"], ["x", "y", "y", "z"]) > 0, "one for another");
    assert!(count(["a", "b", "a", "c"], ["x", "x", "x", "z"]) > 0, "two to one");
    assert!(count(["a", "a", "a", "c"], ["x", "y", "x", "z"]) > 0, "one to two");
    let found = Compare::new(calls(["x", "x", "x", "z"])).rename("id").against(&calls(["a", "b", "a", "c"]));
    assert_eq!(
        found.iter().next().unwrap().to_string(),
        "execution e, event 2 of 4, called: data.id, \"x\" was \"a\" before\n  - \"b\"\n  + \"x\""
    );
    // A missing id is not a name for an id.
    let none = steps(&[("called", json!({ "id": null }))]);
    assert_eq!(Compare::new(none).rename("id").against(&steps(&[("called", json!({ "id": 7 }))])).count(), 1);
}

#[test]
fn each_renamed_field_has_names_of_its_own() {
    let event = |call: u32, request: u32| steps(&[("called", json!({ "call": call, "request": request }))]);
    let compare = Compare::new(event(2, 3)).rename("call").rename("request");
    assert!(compare.against(&event(1, 1)).is_empty());
}

#[test]
fn a_renamed_node_is_the_same_node() {
    let event = |node: &str, n: u32| line("e", node, "done", &json!({ "n": n }));
    let expected = recording(&[event("node-a", 1), event("node-b", 2), event("node-a", 3)]);
    let actual = recording(&[event("node-7", 1), event("node-8", 2), event("node-7", 4)]);
    for compare in [Compare::new(actual.clone()), Compare::new(actual).any_order_between_nodes()] {
        let found = compare.rename("node_id").against(&expected);
        let fields: Vec<_> = found.iter().map(|difference| difference.field.as_deref()).collect();
        assert_eq!(fields, [Some("data.n")], "{found}");
    }
}

#[test]
fn huge_values_are_cut_around_the_place_where_they_differ() {
    let text = |end: &str| steps(&[("said", json!({ "text": format!("{}{end}", "long ".repeat(1 << 16)) }))]);
    let shown = differences(&text("left"), &text("right"));
    assert!(shown.len() < 600 && shown.contains("left\"") && shown.contains("right\""), "{shown}");
    let found = Compare::new(text("right")).against(&text("left"));
    let whole = found.iter().next().unwrap().expected.as_ref().unwrap().as_str().unwrap();
    assert_eq!(whole.len(), 5 * (1 << 16) + 4);
    // Nothing in a value moves the cursor of a terminal.
    let shown = differences(&steps(&[("said", json!({ "\u{1b}[2J": 1 }))]), &steps(&[("said", json!({}))]));
    assert!(!shown.contains('\u{1b}'), "{shown}");
}
