//! Events as CloudEvents 1.0, in the structured mode of its JSON format.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::write::Line;
use crate::event::{Event, ReadEvent};
use crate::excerpt::excerpt;
use crate::json::string;
use crate::time;

impl<S> Event<S> {
    /// Returns the event as a CloudEvent 1.0: one line of JSON, which is the body of a request with
    /// `content-type: application/cloudevents+json`.
    ///
    /// | attribute | value |
    /// |---|---|
    /// | `id` | [`foreign_id`](Self::foreign_id), or [`id`](Self::id) |
    /// | `source` | `/streams/<stream>`, percent-encoded |
    /// | `type` | the kind |
    /// | `subject` | the execution |
    /// | `time` | when it was first published |
    /// | `nodeid`, `correlationid`, `causationid` | as in [`to_json`](Self::to_json) |
    /// | `sequence` | the seq as text of 20 digits, so that its order is that of text |
    /// | `dataversion` | the version of the payload's schema, as text |
    /// | any other | the attributes of the scope, without the characters that a name cannot have: `graphid` for `graph_id` |
    /// | `data` | the payload, redacted fields hidden |
    ///
    /// Readers do not agree on null, so an attribute without a value is left out, and so is `data`
    /// that is null. Two attributes whose names would be equal get a number. A
    /// character that a text of CloudEvents cannot have, such as an escape, is written as
    /// `\u{1b}`. If a field cannot be written, `data` is left out, and a `tracing` error has the
    /// reason.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let emitter = bus.stream("front desk").execution("exec-1").attribute("graph_id", "g-7");
    /// emitter.emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
    /// let text = bus.history().collect()[0].to_cloudevent();
    /// let event: serde_json::Value = serde_json::from_str(&text).unwrap();
    /// assert_eq!(event["specversion"], "1.0");
    /// assert_eq!(event["source"], "/streams/front%20desk");
    /// assert_eq!(event["subject"], "exec-1");
    /// assert_eq!(event["graphid"], "g-7");
    /// assert_eq!(event["sequence"], "00000000000000000001");
    /// assert_eq!(event["data"]["answer"], 42);
    /// # }
    /// ```
    pub fn to_cloudevent(&self) -> String {
        Line::published(self).cloudevent("")
    }
}

impl ReadEvent {
    /// Returns the event as a CloudEvent 1.0: see [`Event::to_cloudevent`].
    ///
    /// A CloudEvent must have an id, and a recording of another system has none: `id_if_none` is
    /// used there. It must differ from that of all other events of the stream: a name of the
    /// recording and the number of the line, for instance.
    ///
    /// ```
    /// let bus = bus_core::EventBus::new();
    /// let line = r#"{"type":"step","stream_id":"s","timestamp":"2026-11-22T06:14:08"}"#;
    /// assert_eq!(bus.read_json(line)?.to_cloudevent("run.jsonl:17"), concat!(
    ///     r#"{"specversion":"1.0","id":"run.jsonl:17","source":"/streams/s","type":"step","#,
    ///     r#""time":"2026-11-22T06:14:08.000000+00:00","datacontenttype":"application/json","data":{}}"#,
    /// ));
    /// # Ok::<(), bus_core::wire::ReadError>(())
    /// ```
    pub fn to_cloudevent(&self, id_if_none: &str) -> String {
        Line::read(self).cloudevent(id_if_none)
    }
}

impl Line<'_> {
    fn cloudevent(&self, id_if_none: &str) -> String {
        let scope = &*self.head.scope;
        let foreign = self.head.foreign();
        let mut out = Attributes { out: br#"{"specversion":"1.0""#.to_vec(), names: Vec::new() };
        let id = foreign.and_then(|foreign| foreign.id.as_deref()).map(plain);
        let id = id.or_else(|| self.id.map(|id| id.to_string()));
        out.own("id", Some(id.as_deref().unwrap_or(id_if_none)));
        out.own("source", Some(&format!("/streams/{}", percent(scope.stream()))));
        out.own("type", Some(self.body.kind().as_str()));
        out.own("subject", scope.execution().filter(|execution| !execution.is_empty()));
        let mut at = Vec::new();
        time::write(self.head.at, &mut at);
        out.own("time", std::str::from_utf8(&at).ok());
        out.own("nodeid", scope.node());
        out.own("correlationid", scope.correlation());
        let cause = self.foreign_cause().map(plain);
        out.own("causationid", cause.or_else(|| self.causation.map(|id| id.to_string())).as_deref());
        let seq = self.seq.map(|seq| format!("{seq:020}"));
        let seq = seq.or_else(|| foreign.and_then(|foreign| foreign.seq.as_deref()).map(plain));
        out.own("sequence", seq.as_deref());
        let version = foreign.and_then(|foreign| foreign.version.as_deref()).map(plain);
        let version = version.or_else(|| self.body.version().map(|version| version.to_string()));
        out.own("dataversion", version.as_deref());
        for (name, value) in scope.attributes() {
            out.open(name, value);
        }
        for (name, value) in self.head.origin.iter().flat_map(|origin| &origin.extras) {
            out.open(name, value);
        }
        self.cloudevent_data(&mut out.out);
        out.out.push(b'}');
        String::from_utf8(out.out)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    fn cloudevent_data(&self, out: &mut Vec<u8>) {
        let mut data = Vec::new();
        if let Err(error) = self.data(&mut data) {
            let kind = &*excerpt(self.body.kind().as_str()).to_string();
            tracing::error!(target: "bus_core", kind, %error, "an event is written without its data");
            return;
        }
        if data != b"null" {
            out.extend_from_slice(br#","datacontenttype":"application/json","data":"#);
            out.extend_from_slice(&data);
        }
    }
}

/// Names that the format gives a meaning, beside those that are written.
const TAKEN: [&str; 12] = [
    "specversion",
    "subject",
    "datacontenttype",
    "dataschema",
    "data",
    "database64",
    "nodeid",
    "correlationid",
    "causationid",
    "sequence",
    "dataversion",
    "datacontentencoding",
];

struct Attributes {
    out: Vec<u8>,
    names: Vec<String>,
}

impl Attributes {
    fn own(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.names.push(name.to_owned());
            self.write(name, value);
        }
    }

    /// An attribute that has a name of somebody else's.
    fn open(&mut self, name: &str, value: &str) {
        let kept = name.chars().map(|char| char.to_ascii_lowercase());
        let kept: String = kept.filter(|char| char.is_ascii_lowercase() || char.is_ascii_digit()).collect();
        let kept = if kept.is_empty() { "attribute".to_owned() } else { kept };
        let is_taken = |name: &String| TAKEN.contains(&name.as_str()) || self.names.contains(name);
        let numbered = (2_u64..).map(|number| format!("{kept}{number}"));
        if let Some(name) = std::iter::once(kept.clone()).chain(numbered).find(|name| !is_taken(name)) {
            self.write(&name, value);
            self.names.push(name);
        }
    }

    fn write(&mut self, name: &str, value: &str) {
        self.out.push(b',');
        string(name, &mut self.out);
        self.out.push(b':');
        string(&allowed(value), &mut self.out);
    }
}

/// The characters of a JSON string, or any other JSON as it is.
fn plain(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

/// The text without characters that an attribute cannot have: controls and those that are no
/// characters.
fn allowed(text: &str) -> Cow<'_, str> {
    let refused = |char: char| {
        let code = u32::from(char);
        char.is_control() || (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
    };
    if !text.contains(refused) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if refused(char) { out.extend(char.escape_unicode()) } else { out.push(char) }
    }
    Cow::Owned(out)
}

/// The text as one segment of a path.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // writing to a string does not fail
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::EventBus;

    fn cloudevent(line: &Value) -> Value {
        let text = EventBus::new().read_json(&line.to_string()).unwrap().to_cloudevent("line-1");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn nothing_is_null() {
        let line = json!({
            "type": "step", "stream_id": "", "node_id": null, "execution_id": "", "correlation_id": null,
            "data": null, "timestamp": "2026-11-22T06:14:08", "id": null, "seq": null, "causation_id": null,
        });
        let event = cloudevent(&line);
        let expected = json!({
            "specversion": "1.0", "id": "line-1", "source": "/streams/", "type": "step",
            "time": "2026-11-22T06:14:08.000000+00:00",
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn names_of_attributes_have_letters_and_digits_and_are_never_equal() {
        let line = json!({
            "type": "step", "stream_id": "s", "timestamp": "2026-11-22T06:14:08", "data": {"n": null},
            "graph_id": "a", "Graph-ID": "b", "source": "c", "data_": "d", "Übung": "e", "日": "f", "list": [1, null],
        });
        let event = cloudevent(&line);
        let of = |name: &str| event[name].as_str().unwrap().to_owned();
        // `json!` sorts its keys, so that of `Graph-ID` is the first.
        assert_eq!((of("graphid"), of("graphid2")), ("b".into(), "a".into()));
        assert_eq!((of("source"), of("source2"), of("data2")), ("/streams/s".into(), "c".into(), "d".into()));
        assert_eq!((of("bung"), of("attribute")), ("e".into(), "f".into()));
        assert_eq!(of("list"), "[1,null]");
        assert_eq!(event["data"], json!({"n": null}), "the payload is as it is");
        let names = event.as_object().unwrap().keys();
        for name in names {
            assert!(name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit()), "{name}");
        }
    }

    #[test]
    fn ids_of_other_systems_and_texts_with_controls_are_kept() {
        let line = json!({
            "type": "step\u{1b}[1m", "stream_id": "a/b?c", "timestamp": "2026-11-22T06:14:08", "id": "uuid-1",
            "causation_id": "uuid-0", "seq": "a-17", "version": "0.0.1", "execution_id": "e",
        });
        let event = cloudevent(&line);
        assert_eq!((&event["id"], &event["causationid"]), (&json!("uuid-1"), &json!("uuid-0")));
        assert_eq!((&event["sequence"], &event["dataversion"]), (&json!("a-17"), &json!("0.0.1")));
        assert_eq!(event["type"], "step\\u{1b}[1m");
        assert_eq!(event["source"], "/streams/a%2Fb%3Fc");
        assert_eq!(event["subject"], "e");
    }
}
