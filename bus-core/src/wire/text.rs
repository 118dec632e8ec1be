//! Strings, numbers and literals of a JSON text.

use super::error::{ReadError, ReadProblem};
use super::scan::Scan;
use crate::json::{escape, is_finite, ordinary};

type Result<T> = std::result::Result<T, ReadError>;

/// A receiver of the characters of a string.
pub(super) trait Sink {
    fn run(&mut self, text: &str);
    fn char(&mut self, char: char);
}

impl Sink for () {
    fn run(&mut self, _: &str) {}
    fn char(&mut self, _: char) {}
}

impl Sink for String {
    #[inline]
    fn run(&mut self, text: &str) {
        self.push_str(text);
    }
    #[inline]
    fn char(&mut self, char: char) {
        self.push(char);
    }
}

impl Scan<'_, '_> {
    /// A string; its opening quote is here. Returns by how many bytes its escapes are longer than
    /// their characters.
    pub(super) fn string(&mut self) -> Result<usize> {
        self.chars(&mut ())
    }

    /// The same; if there are escapes, all characters of the string go into the sink.
    pub(super) fn chars(&mut self, sink: &mut impl Sink) -> Result<usize> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let (mut at, mut saved) = (self.at + 1, 0);
        loop {
            let start = at;
            at = ordinary(bytes, at);
            let end = bytes.get(at);
            if end == Some(&b'"') && saved == 0 {
                break;
            }
            sink.run(&text[start..at]);
            match end {
                Some(b'"') => break,
                Some(b'\\') => {}
                Some(control) => return self.fail(ReadProblem::Control(*control), at),
                None => return self.fail(ReadProblem::Cut, at),
            }
            // One escape is often followed by more.
            while bytes.get(at) == Some(&b'\\') {
                let Some((char, length)) = escape(&bytes[at..]) else { return self.no_escape(at) };
                sink.char(char);
                saved += length - char.len_utf8();
                at += length;
            }
        }
        self.at = at + 1;
        Ok(saved)
    }

    /// The error of the invalid escape that begins at that position.
    #[cold]
    fn no_escape<T>(&mut self, at: usize) -> Result<T> {
        self.at = at + 1;
        match self.peek() {
            None => return self.fail(ReadProblem::Cut, self.at),
            Some(b'u') => {}
            Some(_) => return self.unexpected("one of \"\\/bfnrtu after a backslash"),
        }
        self.unit()?;
        if self.text[self.at..].starts_with("\\u") {
            self.at += 1;
            self.unit()?;
        }
        self.fail(ReadProblem::LoneSurrogate, at)
    }

    /// The `u` of an escape and its four digits.
    fn unit(&mut self) -> Result<()> {
        for _ in 0..4 {
            self.at += 1;
            if !self.peek().is_some_and(|digit| digit.is_ascii_hexdigit()) {
                return self.unexpected("four hexadecimal digits after \\u");
            }
        }
        self.at += 1;
        Ok(())
    }

    pub(super) fn number(&mut self) -> Result<()> {
        let start = self.at;
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
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // Other readers refuse such a number, or read it as infinity.
        if is_finite(&self.text[start..self.at], has_exponent) {
            Ok(())
        } else {
            self.fail(ReadProblem::NumberTooLarge, start)
        }
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
