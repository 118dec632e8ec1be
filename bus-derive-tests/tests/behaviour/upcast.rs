//! Data of an older version is converted to the current one, one version at a time.

use bus_core::{AgentEvent, BoxError, EventBus};
use serde_json::{Value, json};

/// Version 1 had seconds in `took`, version 2 milliseconds; version 3 has the unit in the name.
#[derive(AgentEvent)]
#[events(prefix = "upcast.", derive(PartialEq))]
pub(crate) enum UpcastEvents {
    #[event(version = 3, upcast = raise, alias(without_prefix("job_over")))]
    JobEnded { took_ms: u64, note: Option<String> },
}

fn raise(from: u32, mut data: Value) -> Result<Value, BoxError> {
    match from {
        1 => data["took"] = json!(data["took"].as_u64().ok_or("`took` is no number")? * 1000),
        2 => data["took_ms"] = data["took"].take(),
        other => return Err(format!("there was no version {other}").into()),
    }
    Ok(data)
}

fn line(kind: &str, version: Option<u32>, data: &Value) -> String {
    let mut line = json!({
        "type": kind, "stream_id": "desk", "node_id": null, "execution_id": null, "data": data,
        "timestamp": "2026-11-22T06:14:08.602474", "correlation_id": null,
    });
    if let Some(version) = version {
        line["version"] = json!(version);
    }
    line.to_string()
}

#[test]
fn each_version_is_raised_by_its_own_step() {
    let bus = EventBus::new();
    let today = json!({ "took_ms": 5000 });
    for (kind, version, data) in [
        ("upcast.job_ended", None, json!({ "took": 5 })),
        ("upcast.job_ended", Some(1), json!({ "took": 5 })),
        ("job_over", Some(1), json!({ "took": 5 })),
        ("upcast.job_ended", Some(2), json!({ "took": 5000 })),
        ("upcast.job_ended", Some(3), today.clone()),
        ("upcast.job_ended", Some(9), json!({ "took_ms": 5000, "added_later": true })),
    ] {
        let read = bus.read_json(&line(kind, version, &data)).unwrap();
        assert_eq!(read.decode_error(), None, "{version:?}");
        assert_eq!(read.payload::<JobEnded>(), Some(&JobEnded::new(5000)), "{version:?}");
    }
}

#[test]
fn a_hook_that_fails_leaves_an_event_with_the_error() {
    let bus = EventBus::new();
    let read = bus.read_json(&line("upcast.job_ended", Some(1), &json!({ "took": "long" }))).unwrap();
    assert_eq!(
        read.decode_error().unwrap().to_string(),
        "`upcast.job_ended` cannot be read: its `upcast` from version 1 failed: `took` is no number"
    );
    assert_eq!(read.payload::<JobEnded>(), None);
    assert_eq!(read.data(), json!({ "took": "long" }));
}
