//! The scenarios.

use serde_json::{Value, json};

use super::ends::{ends, pauses};
use super::{Scenario, Step};

pub(super) fn step(node: &str, kind: &'static str, data: Value) -> Step {
    Step::Emit(node.to_owned(), kind, data)
}

pub(super) fn begins() -> Step {
    step("", "execution_started", json!({ "input": { "query": "why" } }))
}

pub(super) fn completes() -> Step {
    step("", "execution_completed", json!({ "output": { "answer": 42 } }))
}

pub(super) fn fails() -> Step {
    step("", "execution_failed", json!({ "error": "no disk" }))
}

/// A part of a text, with the whole text so far.
pub(super) fn text(node: &str, content: &str, snapshot: &str) -> Step {
    step(node, "llm_text_delta", json!({ "content": content, "snapshot": snapshot }))
}

fn output(node: &str, content: &str, snapshot: &str) -> Step {
    step(node, "client_output_delta", json!({ "content": content, "snapshot": snapshot }))
}

pub(super) fn thinks(node: &str, content: &str) -> Step {
    step(node, "llm_reasoning_delta", json!({ "content": content }))
}

pub(super) fn call(node: &str, id: &str) -> Step {
    let data = json!({ "tool_use_id": id, "tool_name": "search", "tool_input": { "q": id } });
    step(node, "tool_call_started", data)
}

pub(super) fn result(node: &str, id: &str, text: &str) -> Step {
    let data = json!({ "tool_use_id": id, "tool_name": "search", "result": text, "is_error": false });
    step(node, "tool_call_completed", data)
}

fn round(node: &str, number: u64) -> Step {
    step(node, "node_loop_iteration", json!({ "iteration": number }))
}

pub(super) fn enters(node: &str) -> Step {
    step(node, "node_loop_started", json!({ "max_iterations": null }))
}

fn leaves(node: &str) -> Step {
    step(node, "node_loop_completed", json!({ "iterations": 1 }))
}

fn changes(key: &str, old: Value, new: Value) -> Step {
    let data = json!({ "key": key, "old_value": old, "new_value": new, "scope": "shared" });
    step("", "state_changed", data)
}

pub(super) fn scenario(
    name: &'static str,
    steps: Vec<Step>,
    said: &[&'static str],
    end: &'static str,
) -> Scenario {
    Scenario { name, steps, said: said.to_vec(), end }
}

/// All scenarios.
pub(crate) fn scenarios() -> Vec<Scenario> {
    [texts(), tools(), nodes(), ends(), pauses(), others()].into_iter().flatten().collect()
}

fn texts() -> Vec<Scenario> {
    let done = |name, mut steps: Vec<Step>, said: &[&'static str]| {
        steps.insert(0, begins());
        steps.push(completes());
        scenario(name, steps, said, "success")
    };
    vec![
        done("text", vec![text("a", "Hel", "Hel"), text("a", "lo", "Hello")], &["assistant|Hello"]),
        done("text_without_snapshot", vec![text("a", "Hel", ""), text("a", "lo", "")], &["assistant|Hello"]),
        done(
            "two_texts_of_a_node",
            vec![text("a", "One", "One"), text("a", " one", "One one"), text("a", "Two", "Two")],
            &["assistant|One one", "assistant|Two"],
        ),
        done(
            "empty_deltas",
            vec![text("a", "", ""), text("a", "Hi", "Hi"), text("a", "", "Hi")],
            &["assistant|Hi"],
        ),
        done("only_empty_deltas", vec![text("a", "", ""), thinks("a", "")], &[]),
        done(
            "reasoning_then_text",
            vec![thinks("a", "Let me "), thinks("a", "think"), text("a", "Yes", "Yes")],
            &["reasoning|Let me think", "assistant|Yes"],
        ),
        done(
            "reasoning_between_texts",
            vec![text("a", "One", "One"), thinks("a", "hm"), text("a", " two", "One two")],
            &["assistant|One", "reasoning|hm", "assistant| two"],
        ),
        done(
            "two_kinds_of_text_of_a_node",
            vec![
                text("a", "in", "in"),
                output("a", "out", "out"),
                text("a", "ner", "inner"),
                output("a", "er", "outer"),
            ],
            &["assistant|inner", "assistant|outer"],
        ),
        done(
            "hard_characters",
            vec![
                text("a", "<b>\r\n\u{2028}", ""),
                text("a", "data: [DONE]\n\n", ""),
                text("a", "👩‍🔬\u{0}\u{7f}\"\\", ""),
            ],
            &["assistant|<b>\r\n\u{2028}data: [DONE]\n\n👩‍🔬\u{0}\u{7f}\"\\"],
        ),
        done("many_deltas", (0..100).map(|_| text("a", "x", "")).collect(), &[LONG]),
        done(
            "own_kind",
            vec![
                step("a", "check.sentence", json!({ "text": "Mine" })),
                step("", "check.internal", json!({})),
            ],
            &["assistant|Mine"],
        ),
    ]
}

const LONG: &str = "assistant|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

fn tools() -> Vec<Scenario> {
    let done = |name, mut steps: Vec<Step>, said: &[&'static str]| {
        steps.insert(0, begins());
        steps.push(completes());
        scenario(name, steps, said, "success")
    };
    vec![
        done(
            "tool",
            vec![
                text("a", "I look", "I look"),
                call("a", "c1"),
                result("a", "c1", "found"),
                text("a", "Done", "Done"),
            ],
            &["assistant|I look|search({\"q\":\"c1\"})", "tool|found", "assistant|Done"],
        ),
        done(
            "tool_without_text",
            vec![call("a", "c1"), result("a", "c1", "")],
            &["assistant||search({\"q\":\"c1\"})", "tool|"],
        ),
        done(
            "parallel_tools",
            vec![call("a", "c1"), call("a", "c2"), result("a", "c2", "second"), result("a", "c1", "first")],
            &["assistant||search({\"q\":\"c1\"})|search({\"q\":\"c2\"})", "tool|second", "tool|first"],
        ),
        done(
            "tools_in_rounds",
            vec![
                round("a", 1),
                call("a", "c1"),
                result("a", "c1", "one"),
                round("a", 2),
                call("a", "c2"),
                result("a", "c2", "two"),
                call("a", "c3"),
                result("a", "c3", "three"),
            ],
            &[
                "assistant||search({\"q\":\"c1\"})",
                "tool|one",
                "assistant||search({\"q\":\"c2\"})",
                "tool|two",
                "assistant||search({\"q\":\"c3\"})",
                "tool|three",
            ],
        ),
        done(
            "result_without_start",
            vec![result("a", "c1", "found")],
            &["assistant||search()", "tool|found"],
        ),
        done(
            "repeated_call_id",
            vec![call("a", "c1"), result("a", "c1", "one"), call("a", "c1"), result("a", "c1", "two")],
            &[
                "assistant||search({\"q\":\"c1\"})",
                "tool|one",
                "assistant||search({\"q\":\"c1\"})",
                "tool|two",
            ],
        ),
        done(
            "result_twice",
            vec![call("a", "c1"), result("a", "c1", "one"), result("a", "c1", "two")],
            &["assistant||search({\"q\":\"c1\"})", "tool|one", "assistant||search()", "tool|two"],
        ),
        done(
            "reasoning_and_tool",
            vec![thinks("a", "hm"), call("a", "c1"), thinks("a", "and"), result("a", "c1", "one")],
            &["reasoning|hm", "assistant||search({\"q\":\"c1\"})", "tool|one", "reasoning|and"],
        ),
        done("call_without_result", vec![call("a", "c1")], &["assistant||search({\"q\":\"c1\"})"]),
        done(
            "input_is_no_object",
            vec![
                step(
                    "a",
                    "tool_call_started",
                    json!({ "tool_use_id": "c1", "tool_name": "t", "tool_input": [1] }),
                ),
                result("a", "c1", "r"),
            ],
            &["assistant||t({})", "tool|r"],
        ),
    ]
}

fn nodes() -> Vec<Scenario> {
    let done = |name, mut steps: Vec<Step>, said: &[&'static str]| {
        steps.insert(0, begins());
        steps.push(completes());
        scenario(name, steps, said, "success")
    };
    vec![
        done("steps", vec![enters("a"), text("a", "Hi", "Hi"), leaves("a")], &["assistant|Hi"]),
        done(
            "step_twice_at_once",
            vec![enters("a"), enters("a"), leaves("a"), leaves("a"), leaves("a")],
            &[],
        ),
        done("step_left_open", vec![enters("a"), enters("b"), text("b", "Hi", "Hi")], &["assistant|Hi"]),
        done("step_without_start", vec![text("a", "Hi", "Hi"), leaves("a")], &["assistant|Hi"]),
        done(
            "interleaved_deltas",
            vec![
                text("a", "A1", "A1"),
                text("b", "B1", "B1"),
                text("a", "A2", "A1A2"),
                text("b", "B2", "B1B2"),
                thinks("c", "c"),
            ],
            &["assistant|A1A2", "assistant|B1B2", "reasoning|c"],
        ),
        done(
            "parallel_nodes_with_tools",
            vec![
                enters("a"),
                enters("b"),
                text("a", "A", "A"),
                call("b", "c1"),
                text("a", "a", "Aa"),
                call("a", "c1"),
                result("b", "c1", "of b"),
                text("b", "B", "B"),
                result("a", "c1", "of a"),
                leaves("a"),
                leaves("b"),
            ],
            &[
                "assistant|Aa|search({\"q\":\"c1\"})",
                "tool|of a",
                "assistant||search({\"q\":\"c1\"})",
                "tool|of b",
                "assistant|B",
            ],
        ),
        done(
            "retries",
            vec![
                enters("a"),
                text("a", "Try", "Try"),
                step("a", "node_retry", json!({ "retry_count": 1, "max_retries": 3, "error": "e" })),
                round("a", 2),
                text("a", "Again", "Again"),
                step("a", "judge_verdict", json!({ "action": "accept" })),
                step("a", "edge_traversed", json!({ "source_node": "a", "target_node": "b" })),
                leaves("a"),
            ],
            &["assistant|Try", "assistant|Again"],
        ),
        done(
            "strange_names",
            vec![enters("a:b/ü#%"), text("a:b/ü#%", "Hi", "Hi"), call("a:b/ü#%", "c:1#2"), leaves("a:b/ü#%")],
            &["assistant|Hi|search({\"q\":\"c:1#2\"})"],
        ),
        done(
            "no_node",
            vec![step("", "llm_text_delta", json!({ "content": "Hi", "snapshot": "" }))],
            &["assistant|Hi"],
        ),
    ]
}

fn others() -> Vec<Scenario> {
    let done = |name, mut steps: Vec<Step>, said: &[&'static str]| {
        steps.insert(0, begins());
        steps.push(completes());
        scenario(name, steps, said, "success")
    };
    vec![
        done(
            "state",
            vec![
                changes("n", json!(null), json!(1)),
                text("a", "Hi", "Hi"),
                changes("n", json!(1), json!({ "deep": [1] })),
            ],
            &["assistant|Hi"],
        ),
        done(
            "state_keys_with_slashes",
            vec![changes("a/b~c", json!(null), json!("x")), changes("", json!(null), json!(null))],
            &[],
        ),
        done(
            "undeclared_kinds",
            vec![
                step("a", "vendor_kind", json!({ "n": null })),
                step("", "vendor_null", json!(null)),
                step("", "custom", json!({ "any": [1] })),
            ],
            &[],
        ),
        done(
            "data_without_fields",
            vec![
                step("a", "vendor.llm", json!(7)),
                step("a", "tool_call_started", json!({ "tool_use_id": "", "tool_name": "" })),
            ],
            &["assistant||({})"],
        ),
        done(
            "goal",
            vec![
                step("", "goal_progress", json!({ "progress": 0.5, "criteria_status": {} })),
                step("a", "output_key_set", json!({ "key": "k" })),
            ],
            &[],
        ),
    ]
}
