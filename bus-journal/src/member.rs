//! Members of an event's data, without reading the event.

use std::fmt;

use bus_core::catalogue::Descriptor;
use bus_core::wire::ReadError;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::line::Members;
use crate::query::Recorded;
use crate::stored::Content;

impl Recorded {
    /// Returns a member of its data; `None` if there is none. It does not read the rest of the
    /// event, unless the event is of an earlier version of its kind.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # let bus = bus_core::EventBus::new();
    /// # let lines = concat!(r#"{"type":"asked","stream_id":"desk","data":{"n":7,"text":"why"},"#,
    /// #     r#""timestamp":"2026-11-22T06:14:08"}"#);
    /// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
    /// let page = Journal::read(&path)?.query().kinds(["asked"]).page()?;
    /// let event = page.items[0].event().ok_or("it is recorded")?;
    /// assert_eq!(event.member("n")?, Some(7.into()));
    /// assert_eq!(event.member("m")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`read`](Self::read), where the event has to be read.
    pub fn member(&self, name: &str) -> Result<Option<Value>, ReadError> {
        let declared = self.reader.bus().catalogue().get(self.kind());
        let mut found = [None];
        self.members(declared, &[name], &mut found)?;
        let [member] = found;
        Ok(member)
    }

    /// Finds several members of its data.
    pub(crate) fn members(
        &self,
        declared: Option<&Descriptor>,
        names: &[&str],
        found: &mut [Option<Value>],
    ) -> Result<(), ReadError> {
        let version = |event: &Descriptor| event.version.to_string();
        let is_earlier =
            |event: &Descriptor| event.upcast.is_some() && self.stored.version() != version(event);
        if declared.is_some_and(is_earlier) {
            let data = self.read()?.data();
            for (name, found) in names.iter().zip(found) {
                *found = data.get(name).cloned();
            }
        } else {
            find(self.data(), names, found);
        }
        Ok(())
    }

    /// Returns its data as JSON.
    pub(crate) fn data(&self) -> &str {
        match self.stored.content() {
            Content::Data(data) => data,
            Content::Line(line) => Members::of(line).map_or("null", |members| members.data),
        }
    }
}

/// Finds members of an object. Of several with the same name the last one counts, as usual.
fn find(json: &str, names: &[&str], found: &mut [Option<Value>]) {
    found.fill(None);
    // A text that is no object has no members.
    let _ = serde_json::Deserializer::from_str(json).deserialize_map(Finder { names, found });
}

/// Reads the members of an object that have these names.
struct Finder<'a> {
    names: &'a [&'a str],
    found: &'a mut [Option<Value>],
}

/// Reads the name of a member: its place among those that are wanted.
struct Place<'a>(&'a [&'a str]);

impl<'de> Visitor<'de> for Finder<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(place) = members.next_key_seed(Place(self.names))? {
            match place {
                Some(place) => self.found[place] = Some(members.next_value()?),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| *wanted == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_whatever_is_beside_them() {
        let find = |json: &str| {
            let mut found = [const { None }; 2];
            super::find(json, &["a", "b"], &mut found);
            found
        };
        let (one, two) = (Some(Value::from(1)), Some(Value::from("x")));
        assert_eq!(find(r#"{"a":1,"c":{"a":2,"d":[{"b":3}]},"b":"x"}"#), [one.clone(), two.clone()]);
        assert_eq!(find(r#"{"\u0062":"x","a":2,"a":1}"#), [one, two]);
        for json in ["null", "7", "[1]", "\"a\"", "{}"] {
            assert_eq!(find(json), [None, None], "{json}");
        }
    }
}
