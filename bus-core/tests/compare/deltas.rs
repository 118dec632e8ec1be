//! Deltas, whose borders are different each time.

use bus_core::testing::{Compare, Recorder, Recording};
use bus_core::{AgentEvent, Emitter, EventBus};
use serde_json::{Value, json};

use crate::{line, recording, steps};

/// A text in parts, each with the whole text so far.
fn streamed(node: &str, parts: &[&str]) -> Vec<String> {
    let mut whole = String::new();
    let delta = |part: &&str| {
        whole += part;
        line("e", node, "text_delta", &json!({ "content": part, "snapshot": whole, "role": "model" }))
    };
    parts.iter().map(delta).collect()
}

fn count(expected: &Recording, actual: &Recording) -> usize {
    Compare::new(actual.clone()).join_deltas().against(expected).count()
}

#[test]
fn the_borders_of_deltas_do_not_count() {
    let expected = recording(&streamed("n", &["The ", "answer ", "is ", "42."]));
    for parts in
        [&["The answer is 42."][..], &["T", "he answer is 42", ".", ""], &["", "The answer ", "is 42."]]
    {
        let actual = recording(&streamed("n", parts));
        assert_eq!(count(&expected, &actual), 0, "{parts:?}");
        assert!(!Compare::new(actual).against(&expected).is_empty(), "only where it is asked for");
    }
    // Parts that are equal, and parts that begin like those before.
    let text = |parts: &[&str]| recording(&streamed("n", parts));
    assert_eq!(count(&text(&["ha", "ha", "ha"]), &text(&["haha", "ha"])), 0);
    assert_eq!(count(&text(&["a", "ab", "abc"]), &text(&["aababc"])), 0);
}

#[test]
fn another_text_is_a_difference() {
    let expected = recording(&streamed("n", &["The ", "answer ", "is 42."]));
    let actual = recording(&streamed("n", &["The answer ", "is 43."]));
    let found = Compare::new(actual).join_deltas().against(&expected).to_string();
    assert_eq!(
        found,
        "execution e, node n, event 1 of 1, text_delta: data.content\n  - \"The answer is 42.\"\n  + \"The answer is 43.\"\n\
         execution e, node n, event 1 of 1, text_delta: data.snapshot\n  - \"The answer is 42.\"\n  + \"The answer is 43.\""
    );
    let text = |parts: &[&str]| recording(&streamed("n", parts));
    assert!(count(&text(&["ha", "ha"]), &text(&["ha"])) > 0);
    assert!(count(&text(&["ab", "c"]), &text(&["c", "ab"])) > 0);
}

#[test]
fn deltas_of_different_messages_are_not_joined() {
    let delta = |id: u32, text: &str| ("text_delta", json!({ "delta": text, "message_id": id }));
    let expected = steps(&[delta(1, "a"), delta(1, "b"), delta(2, "c")]);
    assert_eq!(count(&expected, &steps(&[delta(1, "ab"), delta(2, "c")])), 0);
    assert!(count(&expected, &steps(&[delta(1, "abc")])) > 0);
    assert!(count(&expected, &steps(&[delta(1, "a"), delta(2, "bc")])) > 0);
    // A step between them ends the message.
    let tool = || ("called", json!({}));
    let between = steps(&[delta(1, "a"), tool(), delta(1, "b")]);
    assert!(count(&between, &steps(&[delta(1, "ab"), tool()])) > 0);
    // Another kind, and another part of the scope.
    let other = steps(&[("text_delta", json!({ "text": "a" })), ("reasoning_delta", json!({ "text": "b" }))]);
    assert!(count(&other, &steps(&[("text_delta", json!({ "text": "ab" }))])) > 0);
}

#[test]
fn nodes_may_stream_at_the_same_time() {
    let (a, b) = (streamed("a", &["1", "2", "3"]), streamed("b", &["x", "y"]));
    let order = |at: &[(u8, usize)]| {
        recording(
            &at.iter()
                .map(|(node, at)| if *node == 0 { a[*at].clone() } else { b[*at].clone() })
                .collect::<Vec<_>>(),
        )
    };
    let expected = order(&[(0, 0), (1, 0), (0, 1), (0, 2), (1, 1)]);
    assert_eq!(count(&expected, &order(&[(0, 0), (1, 0), (1, 1), (0, 1), (0, 2)])), 0);
}

#[test]
fn kinds_without_text_and_data_of_another_form_stay_as_they_are() {
    for data in
        [json!({ "n": 1 }), json!({}), json!([1]), json!("text"), json!(null), json!({ "content": 7 })]
    {
        let times = |n: usize| steps(&vec![("odd_delta", data.clone()); n]);
        assert_eq!(count(&times(3), &times(3)), 0, "{data}");
        assert!(count(&times(3), &times(2)) > 0, "{data}");
    }
    let whole = |kind: &'static str, texts: &[&str]| {
        steps(&texts.iter().map(|text| (kind, json!({ "content": text }))).collect::<Vec<(&str, Value)>>())
    };
    assert!(count(&whole("said", &["a", "b"]), &whole("said", &["ab"])) > 0, "no delta");
}

#[derive(AgentEvent)]
enum SpeechEvents {
    #[event(transient)]
    Heard {
        content: String,
    },
    #[event(transient)]
    Whispered {
        #[event(redact)]
        content: String,
    },
    SentDelta {
        content: String,
    },
}

#[test]
fn a_declared_kind_is_a_delta_if_it_is_transient() {
    fn parts(texts: &[&str], emit: impl Fn(&Emitter, &str)) -> [Recording; 2] {
        let bus = EventBus::new();
        let recorder = Recorder::new(&bus);
        for text in texts {
            emit(&bus.stream("desk"), text);
        }
        let live = Recording::from(&recorder);
        let read = live.to_string().parse().unwrap();
        [live, read]
    }
    let heard = |texts: &[&str]| parts(texts, |desk, text| drop(desk.emit_heard(text).send()));
    let sent = |texts: &[&str]| parts(texts, |desk, text| drop(desk.emit_sent_delta(text).send()));
    let whispered = |texts: &[&str]| parts(texts, |desk, text| drop(desk.emit_whispered(text).send()));
    for (whole, cut) in heard(&["a b"]).iter().zip(&heard(&["a", " ", "b"])) {
        assert_eq!(count(whole, cut), 0);
    }
    for (whole, cut) in sent(&["a b"]).iter().zip(&sent(&["a", " ", "b"])) {
        assert!(count(whole, cut) > 0, "its definition says that it is none");
    }
    // Hidden text has no borders either.
    for (whole, cut) in whispered(&["a b"]).iter().zip(&whispered(&["a", " ", "b"])) {
        assert_eq!(count(whole, cut), 0);
    }
}
