//! The user's own types have the names of the standard library's, and `bus_core`, `serde` and
//! `core` are modules.
#![allow(dead_code)]

pub mod bus_core {}
pub mod serde {}
pub mod core {}
pub mod std {}

pub struct Box;
pub struct Some;
pub struct None;
pub struct Ok;
pub struct Err;
pub trait Clone {}
pub trait Debug {}
pub trait Default {}
pub trait From {}
pub trait Into {}
pub trait Iterator {}
pub trait Send {}
pub trait Sized {}
pub type Result = ();

/// Types with the names of others, which can still be fields.
mod own {
    #[derive(::serde::Serialize, ::serde::Deserialize, Clone, Debug, Default, PartialEq)]
    pub struct String(pub u8);
    #[derive(::serde::Serialize, ::serde::Deserialize, Clone, Debug, Default, PartialEq)]
    pub struct Vec(pub u8);
    #[derive(::serde::Serialize, ::serde::Deserialize, Clone, Debug, Default, PartialEq)]
    pub struct Option(pub u8);
    #[derive(::serde::Serialize, ::serde::Deserialize, Clone, Debug, Default, PartialEq)]
    pub struct Object(pub u8);
    #[derive(::serde::Serialize, ::serde::Deserialize, Clone, Debug, Default, PartialEq)]
    pub struct Value(pub u8);
}
use own::{Object, Option, String, Value, Vec};

#[derive(::bus_core::AgentEvent)]
#[events(derive(PartialEq))]
pub enum BuildEvents {
    TargetStarted {
        name: String,
        #[event(default)]
        args: Vec,
        size: Option,
        input: Object,
        #[event(default = Value(7))]
        value: Value,
        slot_0: u8,
        input_: u8,
        visit: u8,
        payload: u8,
        f: u8,
    },
    BuildFinished,
}

fn main() {
    let bus = ::bus_core::EventBus::new();
    let started = TargetStarted::new(own::String(1), own::Option(2), own::Object(3), 0, 1, 2, 3, 4).args(own::Vec(5));
    let text = ::serde_json::to_string(&started).unwrap();
    let back: TargetStarted = ::serde_json::from_str(&text).unwrap();
    assert!(back == started, "{text}");
    assert_eq!(back.value, own::Value(7));
    bus.stream("build").emit(back).send();
}
