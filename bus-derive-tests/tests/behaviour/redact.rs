//! A secret in a redacted field never leaves the process, not even in an error.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bus_core::{AgentEvent, BoxError, EventBus, Object, object};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CANARY: &str = "canary-7f3a";
/// A number that no other code here writes.
const NUMBER: u64 = 918_273_645;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    user: String,
    tries: u64,
    ok: bool,
}

#[derive(AgentEvent)]
#[events(prefix = "redact.")]
pub(crate) enum RedactEvents {
    LoggedIn {
        place: String,
        #[event(redact)]
        token: String,
        #[event(redact)]
        login: Login,
        #[event(redact, default)]
        headers: BTreeMap<String, Value>,
        #[event(redact)]
        pin: Option<u64>,
    },
    #[event(version = 2, upcast = rename_token)]
    Renamed {
        #[event(redact)]
        token: String,
    },
    Flattened {
        place: String,
        #[event(redact)]
        #[serde(flatten)]
        rest: Object,
    },
}

fn rename_token(_: u32, mut data: Value) -> Result<Value, BoxError> {
    let token = data["secret"].take();
    if token.is_null() {
        return Err(format!("no token in {data}").into());
    }
    data["token"] = token;
    Ok(data)
}

fn payload() -> LoggedIn {
    let login = Login { user: CANARY.to_owned(), tries: NUMBER, ok: true };
    let headers = BTreeMap::from([("auth".to_owned(), json!([CANARY, NUMBER, { "deep": CANARY }]))]);
    LoggedIn::new("desk", CANARY, login).headers(headers).pin(NUMBER)
}

#[track_caller]
fn assert_clean(text: &str) {
    assert!(!text.contains(CANARY) && !text.contains(&NUMBER.to_string()), "{text}");
}

/// Collects every `tracing` event and span of this thread, with all their fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Fields(&mut self.0.lock().unwrap()));
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Fields<'a>(&'a mut String);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write;
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

#[test]
fn json_and_debug_keep_shape_and_keys_only() {
    let payload = payload();
    let json = serde_json::to_value(&payload).unwrap();
    assert_eq!(
        json,
        json!({
            "place": "desk",
            "token": "[redacted]",
            "login": { "user": "[redacted]", "tries": 0, "ok": false },
            "headers": { "auth": ["[redacted]", 0, { "deep": "[redacted]" }] },
            "pin": 0,
        })
    );
    for text in [format!("{payload:?}"), format!("{payload:#?}"), json.to_string()] {
        assert_clean(&text);
        assert!(text.contains("desk"), "{text}");
    }
    assert_eq!(payload.token, CANARY, "in the process it is there");
    let flattened = Flattened::new("desk", object! { "token": CANARY });
    assert_clean(&format!("{flattened:?}"));
    assert_eq!(serde_json::to_value(&flattened).unwrap(), json!({ "place": "desk", "token": "[redacted]" }));
}

#[test]
fn decode_errors_quote_nothing() {
    for (field, value) in [
        ("token", json!({ CANARY: 1 })),
        ("login", json!(CANARY)),
        ("login", json!({ "user": "u", "tries": CANARY, "ok": true })),
        ("headers", json!(CANARY)),
        ("pin", json!(CANARY)),
        ("pin", json!([NUMBER])),
    ] {
        let mut data =
            json!({ "place": "desk", "token": "t", "login": { "user": "u", "tries": 1, "ok": true } });
        data[field] = value;
        let error = serde_json::from_value::<LoggedIn>(data).unwrap_err().to_string();
        assert_clean(&error);
        assert!(error.contains(field), "{error}");
    }
}

#[tokio::test]
async fn nothing_of_it_leaves_through_the_bus() {
    let log = Log::default();
    let _quiet = tracing::subscriber::set_default(log.clone());
    let bus = EventBus::new();
    let failing = bus.subscribe::<LoggedIn>().handle(|_| async { Err(BoxError::from("no")) });
    let panicking = bus.subscribe::<LoggedIn>().handle_sync(|event| {
        assert!(event.place.is_empty(), "{event:?}");
    });
    let receipt = bus.stream("desk").emit(payload()).await;
    let event = bus.history().collect().remove(0);
    let typed = event.clone().typed::<LoggedIn>().unwrap();
    assert_eq!(typed.token, CANARY);
    for text in [
        event.to_json(),
        format!("{event:?}"),
        format!("{typed:?}"),
        format!("{receipt:?}"),
        format!("{bus:?}"),
        serde_json::to_string(&bus.stats()).unwrap(),
        log.0.lock().unwrap().clone(),
    ] {
        assert_clean(&text);
    }
    drop((failing, panicking));
}

#[tokio::test]
async fn a_redacted_field_is_not_written_back() {
    let bus = EventBus::new();
    let line = |kind: &str, data: Value| {
        json!({
            "type": kind, "stream_id": "desk", "node_id": null, "execution_id": null, "data": data,
            "timestamp": "2026-11-22T06:14:08.602474", "correlation_id": null,
        })
        .to_string()
    };
    let secret = json!({ "secret": CANARY, "other": [CANARY] });
    for (kind, data) in [
        (
            "redact.logged_in",
            json!({ "place": "desk", "token": CANARY, "login": { "user": CANARY, "tries": NUMBER, "ok": true } }),
        ),
        ("redact.logged_in", json!({ "place": "desk", "token": { CANARY: 1 } })),
        ("redact.logged_in", json!([CANARY])),
        ("redact.renamed", secret),
        ("redact.renamed", json!({ "others": CANARY })),
        ("redact.flattened", json!({ "place": "desk", "token": CANARY })),
    ] {
        let read = bus.read_json(&line(kind, data)).unwrap();
        let error = read.decode_error().map(ToString::to_string).unwrap_or_default();
        bus.republish(read).await;
        let event = bus.history().limit(1).collect().remove(0);
        // A key of an object belongs to the shape, which stays.
        let text = event.to_json().replace(&format!("\"{CANARY}\":"), "\"key\":");
        assert_clean(&text);
        assert_clean(&error);
        assert_clean(&format!("{event:?}"));
    }
}
