//! Fields of many types, out and back.
#![deny(warnings)]
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use bus_core::AgentEvent;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Default)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub enum Role {
    User,
    Assistant { name: String },
    Tool(String, u8),
}

pub type Names = Vec<String>;
pub type Maybe<T> = Option<T>;
const SIZE: usize = 2 + 1;

macro_rules! list {
    ($of:ty) => { Vec<$of> };
}

#[derive(AgentEvent)]
#[events(derive(PartialEq))]
pub enum TypeEvents {
    Standard {
        nested: Option<Vec<Option<String>>>,
        twice: Option<Option<u8>>,
        map: BTreeMap<String, Vec<(u8, String)>>,
        array: [u8; SIZE],
        array_of: [Option<String>; 2],
        tuple: (u8, String, [i64; 2]),
        unit: (),
        set: BTreeSet<String>,
        hashes: HashSet<u8>,
        deque: VecDeque<f32>,
        duration: Duration,
        path: std::path::PathBuf,
        letter: char,
        long_path: std::option::Option<std::string::String>,
        non_zero: std::num::NonZeroU8,
        address: std::net::IpAddr,
        cow: std::borrow::Cow<'static, str>,
        nothing: std::marker::PhantomData<fn(u8) -> Vec<u8>>,
    },
    Own {
        keyed: HashMap<u32, Page<Role>>,
        page: Page<Page<u8>>,
        boxed: Box<Role>,
        names: Names,
        maybe: Maybe<u8>,
        list: list!(u8),
        role: Option<Role>,
    },
    Nested {
        own: Own,
        all: Vec<Own>,
        parent: Option<Box<Nested>>,
    },
}

fn there_and_back<T: Serialize + serde::de::DeserializeOwned + PartialEq>(text: &str) {
    let value: T = serde_json::from_str(text).unwrap();
    let back = serde_json::to_string(&value).unwrap();
    assert_eq!(back, text);
    assert!(serde_json::from_str::<T>(&back).unwrap() == value);
}

const STANDARD: &str = r#"{"nested":[null,"a"],"twice":3,"map":{"a":[[1,"x"]]},"array":[1,2,3],"array_of":[null,"x"],"tuple":[1,"a",[1,2]],"unit":null,"set":["a"],"hashes":[1],"deque":[1.5],"duration":{"secs":1,"nanos":2},"path":"p","letter":"c","long_path":"x","non_zero":1,"address":"127.0.0.1","cow":"moo","nothing":null}"#;
const OWN: &str = r#"{"keyed":{"7":{"items":["User",{"Assistant":{"name":"n"}},{"Tool":["t",1]}],"next":null}},"page":{"items":[],"next":"n"},"boxed":"User","names":["a"],"maybe":null,"list":[1],"role":null}"#;

fn main() {
    there_and_back::<Standard>(STANDARD);
    there_and_back::<Own>(OWN);
    there_and_back::<Nested>(&format!(r#"{{"own":{OWN},"all":[{OWN}],"parent":{{"own":{OWN},"all":[],"parent":null}}}}"#));
}
