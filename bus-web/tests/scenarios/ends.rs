//! Scenarios of ends and pauses.

use serde_json::json;

use super::list::{begins, call, completes, enters, fails, result, scenario, step, text, thinks};
use super::{Scenario, Step};

pub(super) fn ends() -> Vec<Scenario> {
    vec![
        scenario(
            "failure_in_a_text",
            vec![begins(), enters("a"), text("a", "Hel", "Hel"), fails()],
            &["assistant|Hel"],
            "execution_failed",
        ),
        scenario("failure_at_once", vec![fails()], &[], "execution_failed"),
        scenario(
            "failure_in_reasoning_and_tool",
            vec![begins(), call("a", "c1"), thinks("a", "hm"), fails()],
            &["assistant||search({\"q\":\"c1\"})", "reasoning|hm"],
            "execution_failed",
        ),
        scenario(
            "cancel",
            vec![
                begins(),
                text("a", "Hel", "Hel"),
                call("b", "c1"),
                step("", "check.cancelled", json!({ "reason": "stop" })),
            ],
            &["assistant|Hel", "assistant||search({\"q\":\"c1\"})"],
            "cancelled",
        ),
        scenario(
            "unfinished",
            vec![begins(), enters("a"), text("a", "Hel", "Hel")],
            &["assistant|Hel"],
            "no_end",
        ),
        scenario("nothing", vec![], &[], "no_end"),
        scenario(
            "late_events",
            vec![
                begins(),
                text("a", "Hi", "Hi"),
                completes(),
                text("a", "late", "late"),
                fails(),
                call("a", "c1"),
            ],
            &["assistant|Hi"],
            "success",
        ),
        scenario(
            "no_output",
            vec![begins(), step("", "execution_completed", json!({ "output": {} }))],
            &[],
            "success",
        ),
        scenario("no_beginning", vec![text("a", "Hi", "Hi"), completes()], &["assistant|Hi"], "success"),
        scenario(
            "begins_twice",
            vec![begins(), text("a", "Hi", "Hi"), begins(), completes()],
            &["assistant|Hi"],
            "success",
        ),
    ]
}

pub(super) fn pauses() -> Vec<Scenario> {
    let pause = |reason: &str| step("a", "execution_paused", json!({ "reason": reason }));
    let resume = || step("a", "execution_resumed", json!({}));
    let ask = |node: &str, prompt: &str| step(node, "client_input_requested", json!({ "prompt": prompt }));
    vec![
        scenario(
            "pause",
            vec![
                begins(),
                enters("a"),
                text("a", "Wait", "Wait"),
                pause("approval"),
                Step::Answer,
                resume(),
                text("a", "On", "On"),
                completes(),
            ],
            &["assistant|Wait", "assistant|On"],
            "success",
        ),
        scenario(
            "interrupt",
            vec![
                begins(),
                call("a", "c1"),
                ask("a", "Which one?"),
                Step::Answer,
                result("a", "c1", "this"),
                completes(),
            ],
            &["assistant||search({\"q\":\"c1\"})", "tool|this"],
            "success",
        ),
        scenario(
            "two_interrupts",
            vec![
                begins(),
                ask("a", ""),
                Step::Answer,
                text("a", "One", "One"),
                ask("a", ""),
                Step::Answer,
                text("a", "Two", "Two"),
                completes(),
            ],
            &["assistant|One", "assistant|Two"],
            "success",
        ),
        scenario(
            "others_go_on_while_paused",
            vec![
                begins(),
                text("b", "B1", "B1"),
                ask("a", "?"),
                text("b", "B2", "B1B2"),
                Step::Answer,
                text("a", "A", "A"),
                completes(),
            ],
            &["assistant|B1", "assistant|B2", "assistant|A"],
            "success",
        ),
        scenario(
            "pauses_of_two_nodes",
            vec![
                begins(),
                ask("a", "a?"),
                ask("b", "b?"),
                Step::Answer,
                Step::Answer,
                text("a", "A", "A"),
                completes(),
            ],
            &["assistant|A"],
            "success",
        ),
        scenario(
            "failure_behind_a_pause",
            vec![begins(), pause(""), Step::Answer, fails()],
            &[],
            "execution_failed",
        ),
    ]
}
