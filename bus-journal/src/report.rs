//! The report of a journal that was opened or checked.

use std::fmt;

use crate::gap::Gap;

/// The findings of a journal that was opened or checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The events that are missing, as ranges. When a journal is opened these are the ones that are
    /// newly found, which are noted in the journal.
    pub gaps: Vec<Gap>,
    /// Other damage, in sentences.
    pub damage: Vec<String>,
}

impl Report {
    /// Returns whether nothing is missing and nothing is damaged.
    pub fn is_clean(&self) -> bool {
        self.gaps.is_empty() && self.damage.is_empty()
    }
}

/// A line for each finding.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("nothing is missing");
        }
        let gaps = self.gaps.iter().map(ToString::to_string);
        let lines: Vec<String> = gaps.chain(self.damage.iter().cloned()).collect();
        f.write_str(&lines.join("\n"))
    }
}
