//! Types of fields with a form in JSON that other programs expect: a time span as a number, bytes
//! as text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::payload::HeapBytes;

/// A duration that is a number of whole milliseconds in JSON. serde's own form is
/// `{"secs":1,"nanos":500000000}`, which few readers outside of Rust understand.
///
/// It derefs to the [`Duration`]. What is below a millisecond is not written. With the feature
/// `schema` it is an integer in schemas and client types.
///
/// ```standalone_crate
/// use std::time::Duration;
/// use bus_core::wire::Millis;
/// use bus_core::{AgentEvent, EventBus};
///
/// #[derive(AgentEvent)]
/// enum ToolEvents {
///     ToolCallFinished { took: Millis },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// bus.stream("desk").emit_tool_call_finished(Millis(Duration::from_millis(1_500))).await;
/// let event = bus.history().collect().remove(0);
/// assert_eq!(event.data(), serde_json::json!({ "took": 1500 }));
/// assert_eq!(event.payload::<ToolCallFinished>().unwrap().took.as_secs_f64(), 1.5);
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(pub Duration);

impl Deref for Millis {
    type Target = Duration;

    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl From<Duration> for Millis {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = u64::try_from(self.0.as_millis());
        serializer.serialize_u64(millis.map_err(|_| {
            ser::Error::custom("a duration of more than 2^64 milliseconds: write it in another form")
        })?)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis).map(Self)
    }
}

/// Bytes that are base64 in JSON (RFC 4648, with padding). serde's own form is a list of numbers,
/// which takes up to four bytes for each.
///
/// It derefs to the bytes. With the feature `schema` it is a string in schemas and client types.
///
/// ```standalone_crate
/// use bus_core::wire::Base64;
/// use bus_core::{AgentEvent, EventBus};
///
/// #[derive(AgentEvent)]
/// enum ImageEvents {
///     ImageMade { png: Base64 },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// bus.stream("desk").emit_image_made(Base64(vec![0x89, b'P', b'N', b'G'])).await;
/// assert_eq!(bus.history().collect()[0].data(), serde_json::json!({ "png": "iVBORw==" }));
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Base64(pub Vec<u8>);

impl Deref for Base64 {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl HeapBytes for Base64 {
    #[inline]
    fn heap_bytes(&self) -> usize {
        self.0.capacity()
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

/// The characters of six bits each.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The base64 text.
impl fmt::Display for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len().div_ceil(3) * 4);
        for group in self.0.chunks(3) {
            let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
                text.push(if at <= group.len() { char::from(letter) } else { '=' });
            }
        }
        f.write_str(&text)
    }
}

/// A text that is not base64 with padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBase64 {
    /// The byte at which it is wrong.
    pub at: usize,
}

impl fmt::Display for InvalidBase64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no base64 with padding at byte {}: write it with the letters A-Z a-z 0-9 + / and `=` at the end",
            self.at
        )
    }
}

impl std::error::Error for InvalidBase64 {}

impl FromStr for Base64 {
    type Err = InvalidBase64;

    fn from_str(text: &str) -> Result<Self, InvalidBase64> {
        let text = text.as_bytes();
        let ([letters @ .., b'=', b'='] | [letters @ .., b'='] | letters) = text;
        if !text.len().is_multiple_of(4) {
            return Err(InvalidBase64 { at: text.len() });
        }
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
        for (index, group) in letters.chunks(4).enumerate() {
            let mut bits = 0;
            for (at, letter) in group.iter().enumerate() {
                let value = LETTERS.iter().position(|known| known == letter);
                let value = value.and_then(|value| u32::try_from(value).ok());
                bits |= value.ok_or(InvalidBase64 { at: index * 4 + at })? << (18 - 6 * at);
            }
            let whole = group.len() * 6 / 8;
            let [_, all @ ..] = bits.to_be_bytes();
            // A reader that writes it again writes the same text.
            if all[whole..].iter().any(|rest| *rest != 0) {
                return Err(InvalidBase64 { at: index * 4 + group.len() - 1 });
            }
            bytes.extend(&all[..whole]);
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
mod schema {
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Base64, Millis};

    impl JsonSchema for Millis {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Millis".into()
        }
        fn inline_schema() -> bool {
            true
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "integer", "format": "uint64", "minimum": 0, "description": "milliseconds" })
        }
    }

    impl JsonSchema for Base64 {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Base64".into()
        }
        fn inline_schema() -> bool {
            true
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "string", "contentEncoding": "base64" })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Base64, Millis};

    #[test]
    fn base64_is_that_of_the_standard() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in vectors {
            assert_eq!(Base64(bytes.into()).to_string(), text);
            assert_eq!(text.parse(), Ok(Base64(bytes.into())));
        }
        let all = Base64((0..=255).collect());
        assert_eq!(all.to_string().parse(), Ok(all));
    }

    #[test]
    fn what_is_no_base64_is_an_error_with_its_position() {
        for (text, at) in [("Zg", 2), ("Zg=", 3), ("Zm9v*mFy", 4), ("Zh==", 1), ("====", 0), ("Zg==Zg==", 2)]
        {
            assert_eq!(text.parse::<Base64>().unwrap_err().at, at, "{text}");
        }
    }

    #[cfg(feature = "schema")]
    #[test]
    fn their_schemas_are_those_of_their_json() {
        let mut generator = schemars::SchemaGenerator::default();
        let millis = generator.subschema_for::<Millis>().to_value();
        assert_eq!((&millis["type"], &millis["minimum"]), (&"integer".into(), &0.into()));
        let bytes = generator.subschema_for::<Option<Base64>>().to_value();
        assert_eq!(bytes["type"], serde_json::json!(["string", "null"]));
        assert_eq!(bytes["contentEncoding"], "base64");
    }

    #[test]
    fn durations_are_whole_milliseconds() {
        let millis = Millis(Duration::from_micros(1_500_900));
        assert_eq!(serde_json::to_string(&millis).unwrap(), "1500");
        assert_eq!(serde_json::from_str::<Millis>("1500").unwrap().as_millis(), 1_500);
        assert!(serde_json::from_str::<Millis>("-1").is_err());
        assert!(serde_json::to_string(&Millis(Duration::MAX)).is_err());
    }
}
