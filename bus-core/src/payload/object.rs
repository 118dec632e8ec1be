//! JSON objects as fields.

/// A JSON object: a field for data without a type of its own.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// Makes a JSON object in the syntax of `serde_json::json!`, with the type that an object field
/// needs.
///
/// ```
/// let input = bus_core::object! { "question": "why", "depth": 2, "tags": ["a", "b"] };
/// assert_eq!(input["depth"], 2);
/// // The braces of `json!` may stay.
/// assert_eq!(bus_core::object!({ "depth": 2 }), bus_core::object! { "depth": 2 });
/// ```
#[macro_export]
macro_rules! object {
    ({ $($member:tt)* }) => {
        $crate::object! { $($member)* }
    };
    ($($member:tt)*) => {
        $crate::__private::__object($crate::__private::__json!({ $($member)* }))
    };
}

/// Unwraps the value of `object!`, because an object literal is always an object.
#[doc(hidden)]
pub fn object(value: serde_json::Value) -> Object {
    match value {
        serde_json::Value::Object(object) => object,
        _ => Object::new(),
    }
}
