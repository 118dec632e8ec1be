//! The last items of a recording that has no index.

use std::collections::VecDeque;

/// Keeps the last of many items.
pub(crate) struct Kept<T>(VecDeque<T>);

impl<T> Kept<T> {
    pub(crate) fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(crate) fn add(&mut self, most: usize, item: T) {
        self.0.push_back(item);
        if self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// Takes them out, the oldest first.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.0).into_iter()
    }
}
