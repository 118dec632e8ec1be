//! Strings of a JSON text.

use std::borrow::Cow;

/// A checked string between its quotes, in its escaped form.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a str,
    /// By how many bytes its escapes are longer than the characters they encode; 0 if it has none.
    pub(crate) saved: usize,
}

impl<'a> Text<'a> {
    /// Its characters, unescaped.
    #[inline]
    pub(crate) fn chars(self) -> Cow<'a, str> {
        if self.saved == 0 { Cow::Borrowed(self.raw) } else { Cow::Owned(unescaped(self.raw, self.saved)) }
    }

    #[inline]
    pub(crate) fn is(self, other: Self) -> bool {
        if self.saved == 0 && other.saved == 0 {
            self.raw == other.raw
        } else {
            self.chars() == other.chars()
        }
    }
}

/// Unescapes a checked string.
#[cold]
fn unescaped(raw: &str, saved: usize) -> String {
    let bytes = raw.as_bytes();
    let mut out = String::with_capacity(raw.len() - saved);
    let mut at = 0;
    loop {
        let end = ordinary(bytes, at);
        out.push_str(&raw[at..end]);
        at = end;
        while let Some((char, length)) = escape(&bytes[at..]) {
            out.push(char);
            at += length;
        }
        if at == end {
            return out; // no escape: the end, since the string was checked
        }
    }
}

/// Returns the character of the escape that `rest` begins with, and the length of the escape.
/// `None` if it is invalid.
#[inline]
pub(crate) fn escape(rest: &[u8]) -> Option<(char, usize)> {
    let [b'\\', kind, rest @ ..] = rest else { return None };
    if *kind == b'u' {
        return unicode(rest);
    }
    match SHORT[usize::from(*kind)] {
        0 => None,
        byte => Some((char::from(byte), 2)),
    }
}

/// The digits after `\u`, and the second half if they are the first half of a surrogate pair.
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let (digits, rest) = rest.split_first_chunk()?;
    let unit = unit(*digits)?;
    if let Some(char) = char::from_u32(unit) {
        return Some((char, 6));
    }
    let [b'\\', b'u', rest @ ..] = rest else { return None };
    let low = self::unit(*rest.first_chunk()?)?;
    let pair = (0xD800..0xDC00).contains(&unit) && (0xDC00..0xE000).contains(&low);
    let char = pair.then(|| char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)));
    char.flatten().map(|char| (char, 12))
}

fn unit(digits: [u8; 4]) -> Option<u32> {
    let [a, b, c, d] = digits.map(|digit| HEX[usize::from(digit)]);
    (a | b | c | d < 16).then(|| u32::from(a) << 12 | u32::from(b) << 8 | u32::from(c) << 4 | u32::from(d))
}

/// The byte that a byte after a backslash encodes, 0 if it is not an escape. A table, because the
/// branch could not be predicted.
const SHORT: [u8; 256] = {
    let mut table = [0; 256];
    let mut rest: &[(u8, u8)] = &[
        (b'"', b'"'),
        (b'\\', b'\\'),
        (b'/', b'/'),
        (b'b', 0x08),
        (b'f', 0x0C),
        (b'n', b'\n'),
        (b'r', b'\r'),
        (b't', b'\t'),
    ];
    while let [(kind, byte), others @ ..] = rest {
        table[*kind as usize] = *byte;
        rest = others;
    }
    table
};

/// The value of a hexadecimal digit, 255 if it is not one.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut rest: &[u8] = b"0123456789abcdef";
    let mut value = 0;
    while let [digit, others @ ..] = rest {
        table[*digit as usize] = value;
        table[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
        rest = others;
    }
    table
};

/// The end of the run of ordinary characters that begins at `at`: a quote, a backslash, a control
/// character or the end. Eight bytes at a time, because strings are most of an event.
#[inline]
pub(crate) fn ordinary(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = eight(bytes, at) {
        let run = run(*chunk);
        if run < 8 {
            return at + run;
        }
        at += 8; // not `run`: the next eight are not to wait for it
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

#[inline]
fn eight(bytes: &[u8], at: usize) -> Option<&[u8; 8]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// The number of ordinary bytes before the first other one, of eight.
#[inline]
fn run(chunk: [u8; 8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(chunk);
    let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
    let slash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    let control = word.wrapping_sub(ONES * 0x20);
    // A byte that fell below zero has its high bit set. The lowest of those bits is correct if the
    // byte itself has none; higher ones may not be, which is harmless.
    let found = (quote | slash | control) & !word & (ONES << 7);
    (found.trailing_zeros() / 8) as usize
}

/// Whether an `f64` holds a number of JSON, given as text. It always holds a short number without
/// an exponent.
#[inline]
pub(crate) fn is_finite(number: &str, has_exponent: bool) -> bool {
    (!has_exponent && number.len() <= DIGITS) || number.parse().is_ok_and(f64::is_finite)
}

/// Every number with at most this many digits is less than the largest `f64`.
const DIGITS: usize = 308;
