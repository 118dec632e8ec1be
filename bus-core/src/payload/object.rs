//! JSON objects as fields.

/// A JSON object: a field for what has no type of its own.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// A JSON object, written as `serde_json::json!` writes one, and typed as the object that a field wants.
///
/// ```
/// let input = bus_core::object! { "question": "why", "depth": 2, "tags": ["a", "b"] };
/// assert_eq!(input["depth"], 2);
/// ```
#[macro_export]
macro_rules! object {
    ($($member:tt)*) => {
        $crate::payload::__object($crate::payload::__json!({ $($member)* }))
    };
}

/// What `object!` is made of: an object literal is always an object.
#[doc(hidden)]
pub fn object(value: serde_json::Value) -> Object {
    match value {
        serde_json::Value::Object(object) => object,
        _ => Object::new(),
    }
}
