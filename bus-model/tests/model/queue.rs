//! A subscription's queue as the documentation describes it.

use std::collections::VecDeque;
use std::rc::Rc;

use bus_core::{LagCause, Overflow};

use super::facts::Happened;

/// A gap. The number of events that history lost is only bounded, so it is a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Whether the bus can know how many events are missing.
    pub(crate) known: bool,
    pub(crate) least: u64,
    pub(crate) most: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) cause: LagCause,
}

impl Gap {
    pub(crate) fn one(seq: u64) -> Self {
        Self { known: true, least: 1, most: 1, from: seq, to: seq, cause: LagCause::Overflow }
    }

    fn and(self, other: Self) -> Self {
        Self {
            known: self.known && other.known,
            least: self.least + other.least,
            most: self.most + other.most,
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            cause: if self.cause == LagCause::Overflow { other.cause } else { self.cause },
        }
    }

    pub(crate) fn fits(&self, reported: &bus_core::Lagged) -> bool {
        let is_counted = |missed| (self.least..=self.most).contains(&missed);
        reported.missed.map_or(!self.known, |missed| self.known && is_counted(missed))
            && (self.from, self.to, self.cause) == (reported.from.seq(), reported.to.seq(), reported.cause)
    }
}

fn join(slot: &mut Option<Gap>, gap: Gap) {
    *slot = Some(slot.map_or(gap, |old| old.and(gap)));
}

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) event: Rc<Happened>,
    pub(crate) gap: Option<Gap>,
    pub(crate) publish: Option<usize>,
    pub(crate) replay: bool,
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) items: VecDeque<Item>,
    pub(crate) tail: Option<Gap>,
    pub(crate) capacity: usize,
    pub(crate) hard_limit: usize,
    pub(crate) overflow: Overflow,
}

/// The result of a push, and the older event that it removed, with the reason.
#[derive(Debug)]
pub(crate) enum Pushed {
    In,
    Over,
    For(Item, &'static str),
    Overflowed,
    Closes,
}

impl Queue {
    fn live(&self) -> usize {
        self.items.iter().filter(|item| !item.replay).count()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.live() >= self.capacity
    }

    pub(crate) fn mark_before(&mut self, gap: Gap) {
        match self.items.front_mut() {
            Some(first) => join(&mut first.gap, gap),
            None => join(&mut self.tail, gap),
        }
    }

    pub(crate) fn push(&mut self, event: &Rc<Happened>, publish: Option<usize>) -> Pushed {
        if !self.is_full() {
            self.append(event, publish);
            return Pushed::In;
        }
        let room_above = self.live() < self.hard_limit;
        let may_go = |item: &Item| !item.event.critical() && !item.replay;
        let (gone, why) = match self.overflow {
            Overflow::Wait if room_above => {
                self.append(event, publish);
                return Pushed::Over;
            }
            Overflow::Close => {
                join(&mut self.tail, Gap::one(event.seq));
                return Pushed::Closes;
            }
            Overflow::Coalesce if event.coalesces() => {
                match self.items.iter().rposition(|item| !item.replay && item.event.replaceable_by(event)) {
                    Some(same) => (Some(same), "coalesced"),
                    None => (self.items.iter().position(may_go), "overflowed"),
                }
            }
            Overflow::DropOldest | Overflow::Coalesce => (self.items.iter().position(may_go), "overflowed"),
            Overflow::Wait | Overflow::DropNewest if event.critical() => {
                (self.items.iter().rposition(may_go), "overflowed")
            }
            _ => (None, "refused"),
        };
        let Some(at) = gone else {
            if why == "overflowed" && event.critical() && room_above {
                self.append(event, publish);
                return Pushed::In;
            }
            join(&mut self.tail, Gap::one(event.seq));
            return Pushed::Overflowed;
        };
        let gone = self.items.remove(at).unwrap();
        self.append(event, publish);
        if let Some(gap) = gone.gap {
            join(&mut self.items[at].gap, gap);
        }
        if why == "overflowed" {
            join(&mut self.items[at].gap, Gap::one(gone.event.seq));
        }
        Pushed::For(gone, why)
    }

    fn append(&mut self, event: &Rc<Happened>, publish: Option<usize>) {
        let gap = self.tail.take();
        self.items.push_back(Item { event: Rc::clone(event), gap, publish, replay: false });
    }
}
