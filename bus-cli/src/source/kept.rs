//! The last items of a recording that has no index.

use std::collections::VecDeque;

/// Keeps the last of many items.
pub(crate) struct Kept<T> {
    /// Each with whether it counts.
    items: VecDeque<(bool, T)>,
    counted: usize,
}

impl<T> Kept<T> {
    pub(crate) fn new() -> Self {
        Self { items: VecDeque::new(), counted: 0 }
    }

    /// Keeps an item, and drops the oldest of those that count if they are more than `most`.
    pub(crate) fn add(&mut self, most: usize, item: T) {
        self.items.push_back((true, item));
        self.counted += 1;
        if self.counted > most
            && let Some(oldest) = self.items.iter().position(|(counts, _)| *counts)
        {
            self.items.remove(oldest);
            self.counted -= 1;
        }
    }

    /// Keeps an item that does not count and is not dropped.
    pub(crate) fn note(&mut self, item: T) {
        self.items.push_back((false, item));
    }

    /// Takes them out, the oldest first.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = T> {
        self.counted = 0;
        std::mem::take(&mut self.items).into_iter().map(|(_, item)| item)
    }
}
