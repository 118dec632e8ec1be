//! JSON lines from a file or a pipe.

use std::fmt;
use std::io::{self, BufRead, Read};

use crate::excerpt::excerpt;

use super::error::{ReadError, ReadProblem};
use super::format::Format;

/// Splits a text into lines; a bad one is reported and the next is read.
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
    limit: usize,
    over: bool,
}

/// A line that could not be read, with its number.
#[derive(Debug)]
pub struct LineError {
    line: u64,
    cause: LineCause,
}

/// The reason why a line could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum LineCause {
    /// It is not an event. The next line may be one.
    Event(ReadError),
    /// The file or pipe failed. Nothing comes after it.
    Io(io::Error),
    /// The file is no text in UTF-8, but of this other format. Nothing comes after it.
    Format(Format),
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, buffer: Vec::new(), number: 0, limit, over: false }
    }

    /// The next line that is not blank, without its end; `None` after the last, and after an input
    /// error.
    pub(super) fn next(&mut self) -> Option<Result<&str, LineError>> {
        loop {
            let bytes = match self.take() {
                Ok(0) => return None,
                Ok(bytes) => bytes,
                Err(error) => {
                    self.over = true;
                    return Some(Err(self.error(LineCause::Io(error))));
                }
            };
            if let Some(format) = Format::of(&self.buffer).filter(|_| self.number == 1) {
                self.over = true;
                return Some(Err(self.error(LineCause::Format(format))));
            }
            if bytes > self.limit {
                let problem = ReadProblem::TooLarge { bytes, limit: self.limit };
                return Some(Err(self.error(LineCause::Event(ReadError::new(problem, "", 0)))));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        // Matched in two steps: a `match` that returns the text would hold the borrow in the other
        // arm too.
        if let Err(error) = std::str::from_utf8(&self.buffer) {
            let good = String::from_utf8_lossy(&self.buffer[..error.valid_up_to()]);
            let error = ReadError::new(ReadProblem::NotUtf8, &good, good.len());
            return Some(Err(self.error(LineCause::Event(error))));
        }
        std::str::from_utf8(&self.buffer).ok().map(Ok)
    }

    /// Reads one line into the buffer. Returns its length with its end, which for one over the
    /// limit is more than the buffer has, because the rest was skipped. 0 at the end.
    fn take(&mut self) -> io::Result<usize> {
        self.buffer.clear();
        if self.over {
            return Ok(0);
        }
        self.number += 1;
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(2); // and the line's end
        let mut bytes = self.input.by_ref().take(most).read_until(b'\n', &mut self.buffer)?;
        let whole = self.buffer.ends_with(b"\n");
        for end in [b'\n', b'\r'] {
            if self.buffer.last() == Some(&end) {
                self.buffer.pop();
            }
        }
        if !whole && self.buffer.len() > self.limit {
            bytes += self.input.skip_until(b'\n')?;
        }
        // A byte order mark, as some editors write; inside of a file where one was put behind
        // another.
        while self.buffer.starts_with(b"\xEF\xBB\xBF") {
            self.buffer.drain(..3);
        }
        Ok(if self.buffer.len() > self.limit { bytes } else { bytes.min(self.limit) })
    }
}

impl<R> Lines<R> {
    /// The number of the last line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    pub(super) fn error(&self, cause: LineCause) -> LineError {
        LineError { line: self.number, cause }
    }
}

impl LineError {
    /// The number of the line, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The reason why it was not read.
    pub fn cause(&self) -> &LineCause {
        &self.cause
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            LineCause::Event(error) => write!(f, "line {}: {error}", self.line),
            LineCause::Io(error) => {
                let error = error.to_string();
                write!(f, "line {}: the input failed: {}", self.line, excerpt(&error))
            }
            LineCause::Format(format) => write!(f, "{format}"),
        }
    }
}

impl std::error::Error for LineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            LineCause::Event(error) => Some(error),
            LineCause::Io(error) => Some(error),
            LineCause::Format(_) => None,
        }
    }
}
