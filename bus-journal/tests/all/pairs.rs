//! Pairs of events, by their definitions.

use std::time::Duration;

use bus_core::AgentEvent;
use bus_journal::{PairItem, QueryError};
use serde_json::{Value, json};

use crate::support::{Place, bus};

/// Calls and what ends them.
#[derive(AgentEvent)]
#[events(version = 2)]
#[allow(clippy::enum_variant_names, reason = "kinds are named by what they are about")]
pub(crate) enum CallEvents {
    /// A call began.
    #[event(alias("call_asked"), ends_with(CallDone, CallFailed, by(call)))]
    CallStarted {
        /// The call.
        call: String,
    },
    /// It is done.
    CallDone {
        /// The call.
        call: String,
        /// Whether it reports an error.
        #[event(default)]
        is_error: bool,
    },
    /// It has failed.
    CallFailed {
        /// The call.
        call: String,
    },
}

/// Each pair as call, duration and whether it failed; the numbers of events without a beginning.
fn pairs(lines: &[Value]) -> (Vec<String>, usize) {
    let text: Vec<_> = lines.iter().map(Value::to_string).collect();
    let (place, bus) = (Place::in_memory(), bus());
    let journal = place.open();
    journal.import(bus.reader().lines(text.join("\n").as_bytes())).unwrap();
    let (mut pairs, mut unmatched) = (Vec::new(), 0);
    for item in journal.query().kinds(["replaced"]).pairs(["call_started"]) {
        match item.unwrap() {
            PairItem::Pair(pair) => {
                let call = pair.begin.member("call").unwrap().unwrap();
                let took = pair.duration().map_or("open".to_owned(), |took| format!("{took:?}"));
                pairs.push(format!("{call} {took} {}", pair.is_error));
            }
            PairItem::Unmatched(_) => unmatched += 1,
            PairItem::Gap(gap) => panic!("{gap}"),
        }
    }
    // All pairs of this program are these.
    let all = journal.query().pairs([""; 0]).map(Result::unwrap);
    assert_eq!(all.filter(|item| matches!(item, PairItem::Pair(_))).count(), pairs.len());
    (pairs, unmatched)
}

fn line(second: u32, kind: &str, data: &Value) -> Value {
    json!({ "type": kind, "stream_id": "desk", "execution_id": "exec-1", "data": data, "version": 2,
        "timestamp": format!("2026-11-22T06:14:{second:02}") })
}

fn call(second: u32, kind: &str, call: &str) -> Value {
    line(second, kind, &json!({ "call": call }))
}

#[test]
fn a_pair_has_the_same_scope_and_fields() {
    let mut elsewhere = call(3, "call_done", "a");
    elsewhere["node_id"] = "plan".into();
    let mut correlated = call(6, "call_done", "b");
    correlated["correlation_id"] = "req-1".into();
    let found = pairs(&[
        call(1, "call_started", "a"),
        call(2, "call_started", "b"),
        elsewhere,
        line(4, "call_done", &json!({ "call": "a", "result": { "call": "b", "error": "x" } })),
        call(5, "call_failed", "a"),
        correlated,
        line(7, "call_started", &json!({ "call": "c\"\u{e9}" })),
        line(8, "call_done", &json!({ "is_error": true, "call": "c\"\u{e9}" })),
        call(9, "call_started", "d"),
        call(10, "call_failed", "d"),
    ]);
    let expected = ["\"a\" 3s false", "\"b\" 4s false", "\"c\\\"é\" 1s true", "\"d\" 1s true"];
    assert_eq!(found, (expected.map(str::to_owned).to_vec(), 2));
}

#[test]
fn one_that_begins_again_or_never_ends_is_open() {
    let found = pairs(&[
        call(1, "call_started", "b"),
        call(2, "call_started", "a"),
        call(3, "call_started", "a"),
        call(4, "call_done", "a"),
        call(5, "call_started", "c"),
    ]);
    let expected = ["\"a\" open false", "\"a\" 1s false", "\"b\" open false", "\"c\" open false"];
    assert_eq!(found, (expected.map(str::to_owned).to_vec(), 0));
}

#[test]
fn events_are_as_their_definition_reads_them() {
    // By an earlier name of the kind.
    let found = pairs(&[call(1, "call_asked", "first"), call(2, "call_done", "first")]);
    assert_eq!(found, (vec!["\"first\" 1s false".to_owned()], 0));
}

#[test]
fn a_clock_that_was_set_back_is_no_time() {
    let found = pairs(&[call(5, "call_started", "a"), call(2, "call_done", "a")]);
    assert_eq!(found, (vec![format!("\"a\" {:?} false", Duration::ZERO)], 0));
}

#[test]
fn a_kind_that_begins_nothing_is_an_error() {
    let journal = Place::in_memory().open();
    for kind in ["call_done", "nobody"] {
        let items: Vec<_> = journal.query().pairs([kind]).collect();
        assert!(matches!(&items[..], [Err(QueryError::NoPair(name))] if name == kind), "{items:?}");
        assert!(items[0].as_ref().unwrap_err().to_string().contains(&format!("what ends `{kind}`")));
    }
}
