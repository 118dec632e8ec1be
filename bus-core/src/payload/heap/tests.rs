//! The estimate for each sort of type.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

/// A type that nothing is known of.
struct Opaque {
    _text: String,
}

fn opaque() -> Opaque {
    Opaque { _text: text(1_000) }
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// As generated code asks, whatever the type.
macro_rules! bytes {
    ($value:expr) => {
        HeapOf(&$value).__heap_bytes()
    };
}

#[test]
fn text_counts_with_its_capacity() {
    assert_eq!(bytes!(text(10)), 10);
    assert_eq!(bytes!(String::with_capacity(100)), 100);
    assert_eq!(bytes!(PathBuf::from(text(10))), 10);
    assert_eq!(bytes!(Box::<str>::from("four")), 4);
    assert_eq!(bytes!(Cow::<str>::Owned(text(10))), 10);
    assert_eq!(bytes!(Cow::<str>::Borrowed("four")), 0);
}

#[test]
fn values_without_memory_of_their_own_count_as_nothing() {
    assert_eq!(bytes!(7_u64), 0);
    assert_eq!(bytes!(Some('c')), 0);
    assert_eq!(bytes!(Duration::from_secs(1)), 0);
    assert_eq!(bytes!([1_u8; 64]), 0);
    assert_eq!(bytes!(None::<String>), 0);
    assert_eq!(bytes!(Vec::<String>::new()), 0);
}

#[test]
fn a_collection_counts_its_slots_and_what_the_values_hold() {
    let string = size_of::<String>();
    assert_eq!(bytes!(vec![0_u8; 1_000]), 1_000);
    assert_eq!(bytes!(vec![text(10), text(20)]), 2 * string + 30);
    assert_eq!(bytes!(Some(vec![Some(text(10)), None])), 2 * string + 10);
    assert_eq!(bytes!(vec![vec![0_u16; 10]; 3]), 3 * size_of::<Vec<u16>>() + 60);
    assert_eq!(bytes!(Box::new(text(10))), string + 10);
    assert_eq!(bytes!([text(10), text(20)]), 30);
    assert_eq!(bytes!((1_u8, text(10), Some(text(20)))), 30);
    assert!(bytes!(VecDeque::from([text(10)])) >= string + 10);
    assert_eq!(bytes!(BTreeSet::from([text(10)])), string + 10);
    assert!(bytes!(HashSet::from([text(10)])) > string + 10);
    assert_eq!(bytes!(BTreeMap::from([(text(3), vec![text(10)])])), 3 * string + 13);
    assert!(bytes!(HashMap::from([(text(3), text(10))])) > 2 * string + 13);
}

#[test]
fn json_counts_with_all_that_is_inside() {
    let value = size_of::<Value>();
    assert_eq!(bytes!(json!(7)), 0);
    assert_eq!(bytes!(json!(text(100))), 100);
    let list = bytes!(json!([text(100), [text(50)], null]));
    assert!((150 + 4 * value..400 + 4 * value).contains(&list), "{list}");
    let object = bytes!(json!({ "key": { "inner": text(100) } }));
    assert_eq!(object, 2 * (size_of::<String>() + value) + "keyinner".len() + 100);
    assert_eq!(bytes!(crate::object! { "key": text(100) }), size_of::<String>() + value + 103);
}

/// No reader accepts so many levels; the estimate must not overflow the stack for them.
#[test]
fn json_of_very_many_levels_has_an_estimate() {
    let deep = |levels: usize| (0..levels).fold(json!(text(100)), |inside, _| Value::Array(vec![inside]));
    assert_eq!(bytes!(deep(100)), 100 * size_of::<Value>() + 100);
    let mut deepest = deep(50_000);
    assert!(bytes!(deepest) > 100 * size_of::<Value>());
    // Its drop would overflow the stack.
    while let Value::Array(mut inside) = deepest {
        deepest = inside.pop().unwrap_or_default();
    }
}

#[test]
fn a_type_that_is_not_known_counts_as_nothing() {
    assert_eq!(bytes!(opaque()), 0);
    assert_eq!(bytes!(Some(opaque())), 0);
    assert_eq!(bytes!((text(10), opaque())), 0);
    assert_eq!(bytes!(Arc::<str>::from("others may hold it too")), 0);
    let slice: &[Opaque] = &[opaque()];
    assert_eq!(bytes!(*slice), 0);
}

#[test]
fn a_collection_of_values_that_are_not_known_counts_its_slots() {
    let opaques = || vec![opaque(), opaque()];
    assert_eq!(bytes!(opaques()), 2 * size_of::<Opaque>());
    assert_eq!(bytes!(Some(opaques())), 2 * size_of::<Opaque>());
    assert_eq!(bytes!(Box::new(opaque())), size_of::<Opaque>());
    assert_eq!(bytes!(BTreeMap::from([(text(3), opaque())])), size_of::<(String, Opaque)>());
    assert_eq!(bytes!(vec![opaques()]), size_of::<Vec<Opaque>>());
}
