//! The marks of an event, which a query checks without reading the event.

use crate::event::Head;
use crate::scope::Id;

/// The position of an event's kind in the routes, and half the hash of its execution.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark(u64);

impl Mark {
    #[inline]
    pub(in crate::delivery) fn of(kind: usize, head: &Head) -> Self {
        Self::kind(kind).join(head.scope.execution.as_ref().map_or(0, Id::hash))
    }

    fn kind(kind: usize) -> Self {
        Self((kind as u64) << 32)
    }

    fn join(self, execution: u64) -> Self {
        Self(self.0 | execution & u64::from(u32::MAX))
    }
}

/// The marks that a query looks for. An event with such a mark may still be another one: marks only
/// spare the way to most of the others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    wanted: Mark,
    mask: u64,
}

impl Marks {
    pub(crate) fn new(kind: Option<usize>, execution: Option<u64>) -> Self {
        let mask = kind.map_or(0, |_| u64::MAX << 32) | execution.map_or(0, |_| u64::from(u32::MAX));
        Self { wanted: Mark::kind(kind.unwrap_or(0)).join(execution.unwrap_or(0)), mask }
    }

    pub(super) fn fit(self, mark: Mark) -> bool {
        (mark.0 ^ self.wanted.0) & self.mask == 0
    }
}
