//! Copies from any deserializer to any serializer, so that a payload needs no serde code of its
//! own.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::redact::REDACTED;
use super::{Decoder, ErasedPayload, Payload, encode};

/// The `Serialize` of a payload: its JSON object, redacted, in the format of `serializer`.
///
/// # Errors
///
/// If a field cannot be written, or the serializer fails.
pub fn serialize<S: Serializer>(payload: &dyn ErasedPayload, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = Vec::new();
    encode::encode(payload, &mut text).map_err(S::Error::custom)?;
    copy(&mut serde_json::Deserializer::from_slice(&text), serializer, Content::Kept)
}

/// The `Deserialize` of a payload. The format must be self-describing, as JSON, CBOR and TOML are.
///
/// # Errors
///
/// If the input fails, or its content is not this payload.
pub fn deserialize<'de, P: Payload, D: Deserializer<'de>>(deserializer: D) -> Result<P, D::Error> {
    let text = text(deserializer)?;
    P::decode(&mut Decoder::new(P::DESCRIPTOR, &text, None)).map_err(D::Error::custom)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let mut text = Vec::new();
    copy(deserializer, &mut serde_json::Serializer::new(&mut text), Content::Kept)
        .map_err(D::Error::custom)?;
    String::from_utf8(text).map_err(D::Error::custom)
}

/// Writes the content of `input` to `output`.
///
/// # Errors
///
/// If one of the two fails; the error is the serializer's.
pub fn transcode<'de, D: Deserializer<'de>, S: Serializer>(input: D, output: S) -> Result<S::Ok, S::Error> {
    copy(input, output, Content::Kept)
}

/// Whether strings, numbers and booleans are copied or hidden.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Kept,
    Hidden,
}

pub(super) fn copy<'de, D, S>(input: D, output: S, content: Content) -> Result<S::Ok, S::Error>
where
    D: Deserializer<'de>,
    S: Serializer,
{
    Input::new(input, content).serialize(output)
}

/// An unread value that can be serialized: it is read while it is written.
struct Input<'de, D>(RefCell<Option<D>>, Content, PhantomData<&'de ()>);

impl<D> Input<'_, D> {
    fn new(input: D, content: Content) -> Self {
        Self(RefCell::new(Some(input)), content, PhantomData)
    }
}

impl<'de, D: Deserializer<'de>> Serialize for Input<'de, D> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let input = self.0.borrow_mut().take();
        let input = input.ok_or_else(|| S::Error::custom("a value was written twice"))?;
        let done = input.deserialize_any(Copy { output, content: self.1, lifetime: PhantomData });
        done.unwrap_or_else(|error| Err(S::Error::custom(error)))
    }
}

/// Writes each value that it visits. The result is that of the serializer inside that of the
/// deserializer.
struct Copy<'de, S> {
    output: S,
    content: Content,
    lifetime: PhantomData<&'de ()>,
}

macro_rules! scalars {
    ($($visit:ident($type:ty) => $serialize:ident or $hidden:expr;)*) => {$(
        fn $visit<E>(self, value: $type) -> Result<Self::Value, E> {
            Ok(self.output.$serialize(if self.content == Content::Hidden { $hidden } else { value }))
        }
    )*};
}

impl<'de, S: Serializer> Visitor<'de> for Copy<'de, S> {
    type Value = Result<S::Ok, S::Error>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars! {
        visit_bool(bool) => serialize_bool or false;
        visit_i64(i64) => serialize_i64 or 0;
        visit_u64(u64) => serialize_u64 or 0;
        visit_i128(i128) => serialize_i128 or 0;
        visit_u128(u128) => serialize_u128 or 0;
        visit_char(char) => serialize_char or '*';
        visit_str(&str) => serialize_str or REDACTED;
        visit_bytes(&[u8]) => serialize_bytes or &[];
    }

    /// A number with a fraction is hidden as `0`, not `0.0`, because its form is content too.
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(match self.content {
            Content::Hidden => self.output.serialize_u64(0),
            Content::Kept => self.output.serialize_f64(value),
        })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.output.serialize_unit())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(self.output.serialize_none())
    }

    fn visit_some<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        Ok(copy(input, self.output, self.content))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        Ok(copy(input, self.output, self.content))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut output = match self.output.serialize_seq(seq.size_hint()) {
            Ok(output) => output,
            Err(error) => return Ok(Err(error)),
        };
        while let Some(result) = seq.next_element_seed(Element(&mut output, self.content))? {
            if let Err(error) = result {
                return Ok(Err(error));
            }
        }
        Ok(output.end())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut output = match self.output.serialize_map(map.size_hint()) {
            Ok(output) => output,
            Err(error) => return Ok(Err(error)),
        };
        // Keys are kept, because they belong to the shape.
        while let Some(result) = map.next_key_seed(Key(&mut output))? {
            if let Err(error) = result {
                return Ok(Err(error));
            }
            if let Err(error) = map.next_value_seed(Member(&mut output, self.content))? {
                return Ok(Err(error));
            }
        }
        Ok(output.end())
    }
}

struct Element<'a, S>(&'a mut S, Content);
struct Key<'a, S>(&'a mut S);
struct Member<'a, S>(&'a mut S, Content);

impl<'de, S: SerializeSeq> DeserializeSeed<'de> for Element<'_, S> {
    type Value = Result<(), S::Error>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        Ok(self.0.serialize_element(&Input::new(input, self.1)))
    }
}

impl<'de, S: SerializeMap> DeserializeSeed<'de> for Key<'_, S> {
    type Value = Result<(), S::Error>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        Ok(self.0.serialize_key(&Input::new(input, Content::Kept)))
    }
}

impl<'de, S: SerializeMap> DeserializeSeed<'de> for Member<'_, S> {
    type Value = Result<(), S::Error>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        Ok(self.0.serialize_value(&Input::new(input, self.1)))
    }
}

/// The members of a JSON object in order, with unread values.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            members.push((key, value));
        }
        Ok(Members(members))
    }
}
