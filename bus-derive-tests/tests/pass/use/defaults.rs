//! Expressions that a default can be.
#![deny(warnings)]
use std::borrow::Cow;
use std::collections::HashMap;

use bus_core::{AgentEvent, EventBus, Object, object};
use serde_json::{Value, json};

const JOBS: u32 = 4;

mod own {
    pub const NAME: &str = "own";
    pub fn jobs() -> u32 {
        7
    }
}

#[derive(AgentEvent)]
pub enum DefaultEvents {
    Defaulted {
        #[event(default = JOBS)]
        constant: u32,
        #[event(default = crate::own::jobs() + 1)]
        call: u32,
        #[event(default = { let one = 1; one + 1 })]
        block: u32,
        #[event(default = if JOBS > 3 { 1 } else { 2 })]
        condition: u8,
        #[event(default = (|| 3)())]
        closure: u8,
        #[event(default = Vec::<u8>::with_capacity(3))]
        turbofish: Vec<u8>,
        #[event(default = vec!["a".into(), String::from("b")])]
        list: Vec<String>,
        #[event(default = [1, 2])]
        array: [u8; 2],
        #[event(default = (1, "t".into()))]
        tuple: (u8, String),
        #[event(default = HashMap::new())]
        map: HashMap<String, u8>,
        #[event(default = -1)]
        negative: i8,
        #[event(default = 1 << 3)]
        shifted: u8,
        #[event(default = b'x')]
        byte: u8,
        #[event(default = 'c')]
        letter: char,
        #[event(default = 1.5e3)]
        float: f64,
        #[event(default = "text")]
        text: String,
        #[event(default = own::NAME.into())]
        named: String,
        #[event(default = "cow")]
        cow: Cow<'static, str>,
        #[event(default = "box")]
        boxed: Box<str>,
        #[event(default = "any")]
        any: Value,
        #[event(default = json!({ "a": [1, { "b": "c" }] }))]
        json: Value,
        #[event(default = object! { "k": 1 })]
        object: Object,
        #[event(default = Some(3))]
        some: Option<u8>,
        #[event(default, redact)]
        secret: Option<HashMap<String, Vec<String>>>,
    },
}

fn main() {
    let bus = EventBus::new();
    bus.stream("defaults").emit_defaulted().send();
    let event = bus.history().collect().remove(0);
    let written: Value = serde_json::from_str(&event.to_json()).unwrap();
    let expected = json!({
        "constant": 4, "call": 8, "block": 2, "condition": 1, "closure": 3, "turbofish": [], "list": ["a", "b"],
        "array": [1, 2], "tuple": [1, "t"], "map": {}, "negative": -1, "shifted": 8, "byte": 120, "letter": "c",
        "float": 1500.0, "text": "text", "named": "own", "cow": "cow", "boxed": "box", "any": "any",
        "json": { "a": [1, { "b": "c" }] }, "object": { "k": 1 }, "some": 3, "secret": null
    });
    assert_eq!(written["data"], expected);
    // A key that is missing when reading is an argument left out when emitting.
    let read: Defaulted = serde_json::from_str("{}").unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), expected);
}
