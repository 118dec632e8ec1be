//! The error of a filter's text.

use std::fmt;

use crate::excerpt::excerpt;

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    column: usize,
    word: String,
    problem: String,
}

impl FilterError {
    pub(super) fn new(column: usize, word: &str, problem: String) -> Self {
        Self { column, word: word.to_owned(), problem }
    }

    /// Returns the position of the wrong word: its first character, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns the wrong word.
    pub fn word(&self) -> &str {
        &self.word
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may come from outside, and parts of it are in the problem.
        write!(
            f,
            "`{}` in column {} of the filter: {}",
            excerpt(&self.word),
            self.column,
            excerpt(&self.problem)
        )
    }
}

impl std::error::Error for FilterError {}
