//! Strings, numbers and words of a JSON text.

use std::borrow::Cow;

use super::error::{ReadError, ReadProblem};
use super::scan::Scan;

type Result<T> = std::result::Result<T, ReadError>;

/// A string between its quotes, checked, as it stands in the text.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) escaped: bool,
}

impl<'a> Text<'a> {
    /// The characters that it stands for.
    pub(super) fn chars(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

impl Scan<'_, '_> {
    /// A string; its opening quote is here. Whether there is a backslash in it.
    pub(super) fn string(&mut self) -> Result<bool> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = ordinary(self.text.as_bytes(), self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(control) => return self.fail(ReadProblem::Control(control), self.at),
                None => return self.fail(ReadProblem::Cut, self.at),
            }
            escaped = true;
        }
        self.at += 1;
        Ok(escaped)
    }

    /// What a backslash begins.
    fn escape(&mut self) -> Result<()> {
        let at = self.at;
        self.at += 1;
        let Some(kind) = self.peek() else { return self.fail(ReadProblem::Cut, self.at) };
        if SHORT[usize::from(kind)] {
            self.at += 1;
            return Ok(());
        }
        match kind {
            b'u' => match self.unit()? {
                0xD800..=0xDBFF => {
                    let pair = self.text[self.at..].starts_with("\\u");
                    self.at += 1; // to the `u`, when there is one
                    if !pair || !matches!(self.unit()?, 0xDC00..=0xDFFF) {
                        return self.fail(ReadProblem::LoneSurrogate, at);
                    }
                }
                0xDC00..=0xDFFF => return self.fail(ReadProblem::LoneSurrogate, at),
                _ => {}
            },
            _ => return self.unexpected("one of \"\\/bfnrtu after a backslash"),
        }
        Ok(())
    }

    /// The `u` of an escape and its four digits.
    fn unit(&mut self) -> Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            self.at += 1;
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.unexpected("four hexadecimal digits after \\u");
            };
            unit = unit << 4 | digit;
        }
        self.at += 1;
        Ok(unit)
    }

    pub(super) fn number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.peek() == Some(b'I') {
                self.at -= 1; // -Infinity
            }
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return self.unexpected("no digit after a leading 0");
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.unexpected("a digit") } else { Ok(()) }
    }

    /// `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &'static str) -> Result<()> {
        let rest = &self.text[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        if word.starts_with(rest) {
            return self.fail(ReadProblem::Cut, self.text.len());
        }
        self.unexpected("a value")
    }
}

/// The bytes that are an escape on their own. A table, since which of them comes next is anybody's guess.
const SHORT: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &[u8] = b"\"\\/bfnrt";
    while let [first, others @ ..] = rest {
        table[*first as usize] = true;
        rest = others;
    }
    table
};

/// Where the run of ordinary characters that begins at `at` ends: at a quote, a backslash, a control character or the
/// end. Eight bytes at a time: strings are nearly all of an event.
pub(super) fn ordinary(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    // The lowest high bit that each sets is right; those above it may not be, which does no harm.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = |word: u64| word.wrapping_sub(ONES * 0x20) & !word;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let slash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (quote | slash | control(word)) & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// Undoes the escapes of a string that was checked.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        rest = match chars.next() {
            Some('b') => put(&mut out, '\u{8}', chars.as_str()),
            Some('f') => put(&mut out, '\u{c}', chars.as_str()),
            Some('n') => put(&mut out, '\n', chars.as_str()),
            Some('r') => put(&mut out, '\r', chars.as_str()),
            Some('t') => put(&mut out, '\t', chars.as_str()),
            Some('u') => unicode(&mut out, chars.as_str()),
            Some(itself) => put(&mut out, itself, chars.as_str()),
            None => "",
        };
    }
    out.push_str(rest);
    out
}

fn put<'a>(out: &mut String, char: char, rest: &'a str) -> &'a str {
    out.push(char);
    rest
}

/// The digits after `\u`, and the second half where they are the first half of a pair.
fn unicode<'a>(out: &mut String, digits: &'a str) -> &'a str {
    let unit =
        |at: usize| digits.get(at..at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0);
    let (code, length) = match unit(0) {
        high @ 0xD800..=0xDBFF => {
            (0x1_0000 + ((high - 0xD800) << 10) + (unit(6).wrapping_sub(0xDC00) & 0x3FF), 10)
        }
        code => (code, 4),
    };
    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    digits.get(length..).unwrap_or("")
}
