//! The values of some fields, to compare payloads.

use std::fmt;

use super::{ErasedPayload, encode};

/// The values of some fields of a payload, equal if all of them are. `coalesce` and `ends_with`
/// compare these.
///
/// It has the true value of a redacted field and therefore shows nothing.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Box<[u8]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Calls the `Serialize` of the fields, so it must be made before a lock is taken.
pub(super) fn key(payload: &dyn ErasedPayload, names: &[&str]) -> Key {
    let mut key = Vec::new();
    let fields = payload.descriptor().fields;
    if !names.is_empty() {
        payload.visit_fields(&mut |values| {
            for name in names {
                if let Some(index) = fields.iter().position(|field| field.name == *name) {
                    // A value that cannot be written counts as none, because there is nothing
                    // better to compare.
                    key.extend(encode::raw(&fields[index], values[index]).unwrap_or_default());
                }
                key.push(b',');
            }
        });
    }
    Key(key.into())
}
