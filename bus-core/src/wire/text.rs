//! Strings, numbers and words of a JSON text.

use super::error::{ReadError, ReadProblem};
use super::scan::Scan;
use crate::json::{escape, ordinary};

type Result<T> = std::result::Result<T, ReadError>;

impl Scan<'_, '_> {
    /// A string; its opening quote is here. By how many bytes its escapes are longer than what they stand for.
    pub(super) fn string(&mut self) -> Result<usize> {
        let bytes = self.text.as_bytes();
        let mut saved = 0;
        self.at += 1;
        loop {
            self.at = ordinary(bytes, self.at);
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {}
                Some(control) => return self.fail(ReadProblem::Control(*control), self.at),
                None => return self.fail(ReadProblem::Cut, self.at),
            }
            // Where one escape is there are often more.
            while bytes.get(self.at) == Some(&b'\\') {
                let Some((char, length)) = escape(&bytes[self.at..]) else { return self.no_escape() };
                saved += length - char.len_utf8();
                self.at += length;
            }
        }
        self.at += 1;
        Ok(saved)
    }

    /// Says what is wrong with the escape that begins here.
    #[cold]
    fn no_escape<T>(&mut self) -> Result<T> {
        let at = self.at;
        self.at += 1;
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
