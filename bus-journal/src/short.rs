//! The members of a line that a row has in few bytes: id, cause and number.

use bus_core::EventId;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use crate::checksum::Checksum;
use crate::line::write_id;

/// A member, as its column has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Short {
    /// NULL: it is what most events have there.
    Usual,
    /// A number, or the id with this number in the same run.
    Number(i64),
    /// An id: a blob of the run and of the number without its leading zeros.
    Id(EventId),
    /// The hash that a line without an id is recognised by: a blob of 16 bytes.
    Key(u128),
    /// The member as JSON.
    Text(Box<str>),
}

impl Short {
    /// An id as JSON; one in `run` is a number.
    pub(crate) fn id(json: &str, run: Option<u64>) -> Self {
        let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
        let Some(id) = inner.and_then(|id| id.parse::<EventId>().ok()).filter(|id| is_usual(*id, json))
        else {
            return Self::Text(json.into());
        };
        match i64::try_from(id.seq()) {
            Ok(seq) if Some(id.run()) == run => Self::Number(seq),
            // The blob is shorter than that of a key.
            _ if id.seq() < 1 << 56 => Self::Id(id),
            _ => Self::Text(json.into()),
        }
    }

    /// A number as JSON.
    pub(crate) fn number(json: &str) -> Self {
        match json.parse::<i64>() {
            Ok(number) if number.to_string() == json => Self::Number(number),
            _ => Self::Text(json.into()),
        }
    }

    /// Reads a column; `None` if it is damaged.
    #[inline]
    pub(crate) fn read(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(Self::Usual),
            ValueRef::Integer(number) => Some(Self::Number(number)),
            ValueRef::Text(json) => Some(Self::Text(std::str::from_utf8(json).ok()?.into())),
            ValueRef::Blob(bytes) => match bytes.len() {
                16 => Some(Self::Key(u128::from_be_bytes(bytes.try_into().ok()?))),
                9..16 => {
                    let number =
                        |bytes: &[u8]| bytes.iter().fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
                    Some(Self::Id(EventId::new(number(&bytes[..8]), number(&bytes[8..]))))
                }
                _ => None,
            },
            ValueRef::Real(_) => None,
        }
    }

    /// Its form and content as numbers, for the checksum; a text follows.
    pub(crate) fn numbers(&self) -> [u64; 3] {
        match self {
            Self::Usual => [0, 0, 0],
            Self::Number(number) => [1, number.cast_unsigned(), 0],
            Self::Id(id) => [2, id.run(), id.seq()],
            Self::Key(key) => {
                let [high, low] = [key >> 64, key & u128::from(u64::MAX)];
                [3, u64::try_from(high).unwrap_or(0), u64::try_from(low).unwrap_or(0)]
            }
            Self::Text(text) => [4, text.len() as u64, 0],
        }
    }

    /// Appends it as the JSON of an id.
    pub(crate) fn write_id(&self, run: u64, out: &mut String) {
        match self {
            Self::Number(seq) => write_id(run, seq.cast_unsigned(), out),
            Self::Id(id) => write_id(id.run(), id.seq(), out),
            Self::Text(json) => out.push_str(json),
            Self::Usual | Self::Key(_) => out.push_str("null"),
        }
    }

    pub(crate) fn add_text(&self, sum: &mut Checksum) {
        if let Self::Text(text) = self {
            sum.raw(text.as_bytes());
        }
    }
}

fn is_usual(id: EventId, json: &str) -> bool {
    let mut usual = String::with_capacity(40);
    write_id(id.run(), id.seq(), &mut usual);
    usual == json
}

impl ToSql for Short {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Usual => ToSqlOutput::Owned(Value::Null),
            Self::Number(number) => (*number).into(),
            Self::Id(id) => {
                let seq = id.seq().to_be_bytes();
                let zeros = seq.iter().take(7).take_while(|byte| **byte == 0).count();
                ToSqlOutput::Owned(Value::Blob([&id.run().to_be_bytes(), &seq[zeros..]].concat()))
            }
            Self::Key(key) => ToSqlOutput::Owned(Value::Blob(key.to_be_bytes().to_vec())),
            Self::Text(json) => ToSqlOutput::Borrowed(ValueRef::Text(json.as_bytes())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(short: &Short) -> Option<Short> {
        match short.to_sql().unwrap() {
            ToSqlOutput::Borrowed(value) => Short::read(value),
            ToSqlOutput::Owned(value) => Short::read((&value).into()),
            _ => None,
        }
    }

    #[test]
    fn a_member_comes_back_from_its_column() {
        let mut forms = Vec::new();
        for seq in [0, 1, 255, 256, 65_535, (1 << 56) - 1, 1 << 56, u64::MAX] {
            for run in [0, 7, u64::MAX] {
                forms.push(Short::id(&format!("\"{}\"", EventId::new(run, seq)), Some(7)));
            }
        }
        let others = ["null", "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"", "\"00C0FFEE00C0FFEE-1\"", "{}"];
        forms.extend(others.map(|json| Short::id(json, Some(7))));
        forms.extend(["0", "-1", "01", "1.0", "null", "18446744073709551615"].map(Short::number));
        forms.extend([Short::Usual, Short::Key(u128::MAX), Short::Key(1)]);
        for form in &forms {
            assert_eq!(again(form).as_ref(), Some(form));
        }
        assert_eq!(Short::id("\"0000000000000007-9\"", Some(7)), Short::Number(9));
        assert_eq!(Short::id("\"0000000000000007-9\"", None), Short::Id(EventId::new(7, 9)));
        assert!(matches!(Short::id("\"0000000000000008-9\"", Some(7)), Short::Id(_)));
        assert!(matches!(Short::id("\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"", None), Short::Text(_)));
        assert!(matches!(Short::number("01"), Short::Text(_)));
    }

    #[test]
    fn a_damaged_column_is_no_member() {
        for value in [ValueRef::Real(1.0), ValueRef::Blob(&[0; 8]), ValueRef::Blob(&[0; 17])] {
            assert_eq!(Short::read(value), None);
        }
    }
}
