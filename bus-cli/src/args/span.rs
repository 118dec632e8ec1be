//! Durations in a call: the word `dur:` and the option `--slow`.

use std::time::Duration;

use bus_core::filter::{FilterError, Word};
use jiff::SignedDuration;

/// Which durations are wanted: those of events that end what another event began.
///
/// A [`Filter`](bus_core::Filter) looks at one event, and a duration is about two. So `dur:` is a
/// word of the command, and not of the filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    longer: Option<Duration>,
    shorter: Option<Duration>,
}

impl Span {
    /// Takes the word `dur:`, and leaves any other.
    pub(super) fn take(&mut self, word: &Word<'_>) -> Result<bool, FilterError> {
        if word.name() != "dur" {
            return Ok(false);
        }
        for value in word.values() {
            let (limit, text) = match value.split_at_checked(1) {
                Some((">", text)) => (&mut self.longer, text),
                Some(("<", text)) => (&mut self.shorter, text),
                _ => return Err(word.error("write `dur:>1s` or `dur:<250ms`")),
            };
            let duration = duration(text);
            let problem = || word.error("write a duration behind `>` or `<`, such as `250ms` or `1m30s`");
            *limit = Some(duration.ok_or_else(problem)?);
        }
        if word.is_excluded() {
            return Err(word.error("a duration is not excluded: write `dur:<` in place of `-dur:>`"));
        }
        Ok(true)
    }

    /// Whether any duration fits, and also what has not ended.
    pub(crate) fn is_any(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn fits(&self, duration: Duration) -> bool {
        self.longer.is_none_or(|limit| duration > limit) && self.shorter.is_none_or(|limit| duration < limit)
    }
}

/// Reads a duration as a person writes it: `250ms`, `1m 30s`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    text.parse::<SignedDuration>().ok()?.try_into().ok()
}
