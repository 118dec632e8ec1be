//! The events on a tape, as long as some rider may need them.

use std::collections::VecDeque;

use crate::dispatch::tape::needle::Needle;
use crate::event::AnyEvent;

/// How many events a rider fetches at a time, after the one that it returns at once.
const STRETCH: usize = 64;

/// Events by their place on the tape.
#[derive(Default)]
pub(super) struct Track {
    events: VecDeque<Recorded>,
    /// The place after the last event.
    end: u64,
}

struct Recorded {
    event: AnyEvent,
    /// How many riders have not let go of it.
    held: usize,
}

/// What a reader has fetched and not read, and what it has to drop.
#[derive(Default)]
pub(crate) struct Lent {
    pub(crate) events: VecDeque<AnyEvent>,
    pub(super) spent: Vec<AnyEvent>,
}

impl Track {
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn push(&mut self, event: AnyEvent, held: usize) {
        self.events.push_back(Recorded { event, held });
        self.end += 1;
    }

    /// Those from a place on.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = &AnyEvent> {
        self.events.iter().skip(self.at(place)).map(|recorded| &recorded.event)
    }

    /// Where a place is among the events that are held.
    #[inline]
    fn at(&self, place: u64) -> usize {
        let start = self.end - self.events.len() as u64;
        usize::try_from(place.saturating_sub(start)).unwrap_or(usize::MAX)
    }

    /// Lets go of events for one rider. Those that nobody needs any more are given.
    pub(super) fn let_go(&mut self, from: u64, to: u64, mut gone: impl FnMut(AnyEvent)) {
        for recorded in self.events.range_mut(self.at(from)..self.at(to)) {
            recorded.held -= 1;
        }
        while self.events.front().is_some_and(|first| first.held == 0) {
            self.events.pop_front().into_iter().for_each(|recorded| gone(recorded.event));
        }
    }

    /// Takes the next event for a rider. Some of those after it are lent, to be read without the lock. `released` is the place before which the rider has let go of all.
    #[inline]
    pub(super) fn fetch(&mut self, needle: &Needle, released: &mut u64, lent: &mut Lent) -> Option<AnyEvent> {
        let place = needle.place();
        if *released < place {
            self.let_go(*released, place, |event| lent.spent.push(event));
            *released = place;
        }
        if place == self.end {
            return None;
        }
        // A plain write: nobody lifts the needle without this lock.
        needle.set(place + 1);
        if place + 1 < self.end {
            return self.lend(place, lent);
        }
        *released = self.end;
        let alone = self.events.len() == 1;
        match self.events.back_mut() {
            Some(newest) if newest.held > 1 || !alone => {
                newest.held -= 1;
                Some(newest.event.clone())
            }
            _ => self.events.pop_back().map(|last| last.event),
        }
    }

    fn lend(&self, place: u64, lent: &mut Lent) -> Option<AnyEvent> {
        let at = self.at(place);
        let rest = self.events.range(at + 1..).take(STRETCH);
        lent.events.extend(rest.map(|recorded| recorded.event.clone()));
        self.events.get(at).map(|recorded| recorded.event.clone())
    }
}
