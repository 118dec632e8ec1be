//! Events and fields with names that something else has too.
#![deny(warnings)]
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum WordEvents {
    #[event(ends_with(Result, by(r#type)))]
    Event { r#type: String, r#match: Option<u8>, kind: String, stream: String, id: u64, seq: u64, version: u32 },
    Result { r#type: String, ok: bool, err: Option<String> },
    Some { some: Option<Option<u8>> },
    None,
    Ok { value: u8, send: String, new: u8, payload: Option<u8>, inner: Option<u8>, poll: Option<u8>, emit: Option<u8> },
    Err { error: String, _unread: u8 },
    Box,
    Self_ { emitter: String, scope: Option<String>, data: Option<String>, self_: Option<u8> },
    Emit { f: u8, context: Option<u8>, input: Option<String>, visit: Option<u8>, serializer: Option<u8> },
    Payload { clone: Option<u8>, fmt: Option<u8>, fields: Option<u8>, decode: Option<u8>, serialize: Option<u8> },
    Descriptor,
    Future { output: String },
    Default { default: Option<bool> },
    Clone,
    Debug,
    Send,
    Sized,
    T { t: u8 },
    Scoped,
    Node { node: String },
    Execution { execution: String, execution_id: String },
}

fn main() {
    let stream = bus_core::EventBus::new().stream("words");
    stream.emit_event("a", "b", "c", 1, 2, 3).r#match(4).maybe_match(Option::None).send();
    stream.emit_result("a", true).err("e").send();
    stream.emit_ok(1, "s", 2).payload(3).inner(4).poll(5).emit(6).send();
    stream.emit_payload().clone(1).fmt(2).fields(3).decode(4).serialize(5).send();
    let event = Event::new("a", "b", "c", 1, 2, 3).r#match(4);
    let data = serde_json::json!({"type":"a","match":4,"kind":"b","stream":"c","id":1,"seq":2,"version":3});
    assert_eq!(serde_json::to_value(event).unwrap(), data);
    assert_eq!(WordEvents::EVENTS[0].ends_with[0].by, ["type"]);
}
