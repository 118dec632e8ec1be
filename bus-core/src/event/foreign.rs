//! Values of the envelope that another system gave: ids, a seq, a version in a form of its own.

use super::EventId;

/// The values of one line that are not in this bus's form, each as JSON, to be written back
/// unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) id: Option<Box<str>>,
    pub(crate) causation: Option<Box<str>>,
    pub(crate) seq: Option<Box<str>>,
    pub(crate) version: Option<Box<str>>,
}

impl Foreign {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The characters of a foreign id.
pub(super) fn text(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_default()
}

impl EventId {
    /// The id that stands for one of another system. It is the same for the same text in every
    /// process, so that a cause is found whichever reader read it.
    pub(crate) fn of_foreign(text: &str) -> Self {
        let bytes = uuid(text).unwrap_or_else(|| hash(text)).to_be_bytes();
        let half =
            |from: usize| bytes[from..from + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self::new(half(0), half(8))
    }
}

/// The bits of a UUID, which has capitals or not.
fn uuid(text: &str) -> Option<u128> {
    let hyphens = [8, 13, 18, 23];
    if text.len() != 36 {
        return None;
    }
    text.bytes().enumerate().try_fold(0, |bits, (at, byte)| match byte {
        b'-' if hyphens.contains(&at) => Some(bits),
        _ if hyphens.contains(&at) => None,
        _ => Some(bits << 4 | u128::from(char::from(byte).to_digit(16)?)),
    })
}

/// FNV-1a with 128 bits: the standard library's hashers differ from run to run.
fn hash(text: &str) -> u128 {
    text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use crate::event::EventId;

    #[test]
    fn a_foreign_id_has_the_same_place_in_every_process() {
        let id = EventId::of_foreign("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6");
        assert_eq!((id.run(), id.seq()), (0xf81d_4fae_7dec_11d0, 0xa765_00a0_c91e_6bf6));
        assert_eq!(EventId::of_foreign("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), id);
        // The values that the authors of FNV publish.
        let empty = EventId::of_foreign("");
        assert_eq!((empty.run(), empty.seq()), (0x6c62_272e_07bb_0142, 0x62b8_2175_6295_c58d));
        let a = EventId::of_foreign("a");
        assert_eq!((a.run(), a.seq()), (0xd228_cb69_6f1a_8caf, 0x7891_2b70_4e4a_8964));
    }
}
