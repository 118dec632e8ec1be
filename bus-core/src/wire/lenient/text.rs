//! Text that other writers call JSON.

use std::borrow::Cow;

use super::Mended;
use crate::json::escape;
use crate::wire::scan::NOT_NUMBERS;

/// Writes U+FFFD for each half of a surrogate pair, and null for each number that is none.
pub(super) fn mend<'a>(text: &'a str, mended: &mut Mended) -> Cow<'a, str> {
    let (bytes, mut out) = (text.as_bytes(), String::new());
    let (mut at, mut copied, mut in_string) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        let (length, instead) = match byte {
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            b'\\' if in_string => match escape(&bytes[at..]) {
                Some((_, length)) => (length, None),
                None if is_half(&bytes[at..]) => {
                    mended.surrogates += 1;
                    (6, Some("\\ufffd"))
                }
                None => (1, None),
            },
            b'N' | b'I' | b'-' if !in_string => {
                match NOT_NUMBERS.iter().find(|word| bytes[at..].starts_with(word.as_bytes())) {
                    Some(word) => {
                        mended.not_numbers += 1;
                        (word.len(), Some("null"))
                    }
                    None => (1, None),
                }
            }
            _ => (1, None),
        };
        if let Some(instead) = instead {
            out.push_str(&text[copied..at]);
            out.push_str(instead);
            copied = at + length;
        }
        at += length;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Whether this is `\u` with four digits: without a character, it is half a pair.
fn is_half(rest: &[u8]) -> bool {
    rest.starts_with(b"\\u") && rest.len() >= 6 && rest[2..6].iter().all(u8::is_ascii_hexdigit)
}
