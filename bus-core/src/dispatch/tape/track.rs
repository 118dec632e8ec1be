//! The events on a tape, as long as some rider may need them.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::dispatch::few::Few;
use crate::dispatch::run::after::drop_each;
use crate::dispatch::tape::needle::Needle;
use crate::event::Stored;

/// How many events a rider is lent at most, and how many may be kept because somebody needs one of them.
const STRETCH: usize = 64;

/// Events that follow each other, lent as one to all who read them. Dropped by the last of these, never under a lock.
pub(crate) struct Stretch(Vec<Arc<Stored>>);

/// Events by their place on the tape. For each stretch it knows how many riders *stand* in it: have let go of all events before one of these and of none from there on.
#[derive(Default)]
pub(super) struct Track {
    /// Those that may have been lent, oldest first.
    sealed: VecDeque<Sealed>,
    /// Those after them.
    open: Vec<Arc<Stored>>,
    /// How many riders stand there.
    standing: usize,
    /// How many have let go of everything.
    done: usize,
    /// The place after the last event.
    end: u64,
}

struct Sealed {
    from: u64,
    stretch: Arc<Stretch>,
    standing: usize,
}

/// What a reader was lent, and how far in it it is.
#[derive(Default)]
pub(crate) struct Lent {
    stretch: Option<Arc<Stretch>>,
    at: usize,
}

/// What nobody needs any more.
pub(super) type Gone = Few<Arc<Stretch>>;

impl Drop for Stretch {
    fn drop(&mut self) {
        drop_each(self.0.drain(..));
    }
}

impl Lent {
    /// The next event. The reader must not have lost the right to it.
    #[inline]
    pub(crate) fn peek(&self) -> Option<&Arc<Stored>> {
        self.stretch.as_ref()?.0.get(self.at)
    }

    #[inline]
    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    /// What was lent, to be dropped.
    pub(super) fn take(&mut self) -> Option<Arc<Stretch>> {
        self.stretch.take()
    }
}

impl Track {
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    #[inline]
    pub(super) fn push(&mut self, event: Arc<Stored>) {
        if self.open.len() >= STRETCH {
            self.seal();
        }
        self.standing += std::mem::take(&mut self.done);
        self.open.push(event);
        self.end += 1;
    }

    /// Begins a new stretch.
    #[inline(never)]
    fn seal(&mut self) {
        let from = self.open_from();
        let events = Vec::with_capacity(self.open.len());
        let stretch = Arc::new(Stretch(std::mem::replace(&mut self.open, events)));
        self.sealed.push_back(Sealed { from, stretch, standing: std::mem::take(&mut self.standing) });
    }

    #[inline]
    fn open_from(&self) -> u64 {
        self.end - self.open.len() as u64
    }

    /// Where the sealed stretch with that place is. It must be before those that are open.
    fn sealed_with(&self, place: u64) -> usize {
        self.sealed.partition_point(|sealed| sealed.from <= place).saturating_sub(1)
    }

    /// Those from a place on.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = &Arc<Stored>> {
        let open = self.open_from();
        let at = if place < open { self.sealed_with(place) } else { self.sealed.len() };
        let from = self.sealed.get(at).map_or(open, |sealed| sealed.from);
        let skipped = usize::try_from(place - from).unwrap_or(usize::MAX);
        self.sealed.range(at..).flat_map(|sealed| &sealed.stretch.0).chain(&self.open).skip(skipped)
    }

    #[inline]
    fn standing_at(&mut self, place: u64) -> &mut usize {
        if place < self.open_from() {
            let at = self.sealed_with(place);
            &mut self.sealed[at].standing
        } else if place < self.end {
            &mut self.standing
        } else {
            &mut self.done
        }
    }

    /// Takes a rider on, who has let go of all there is. Gives its place.
    pub(super) fn enter(&mut self) -> u64 {
        self.done += 1;
        self.end
    }

    /// Lets a rider go that stood at a place.
    pub(super) fn leave(&mut self, place: u64, gone: &mut Gone) {
        *self.standing_at(place) -= 1;
        self.release(gone);
    }

    /// Lets a rider let go of the events before a place.
    pub(super) fn step(&mut self, from: &mut u64, to: u64, gone: &mut Gone) {
        if *from < to {
            *self.standing_at(*from) -= 1;
            *self.standing_at(to) += 1;
            *from = to;
            self.release(gone);
        }
    }

    /// Gives what lies before all riders.
    #[inline(never)]
    fn release(&mut self, gone: &mut Gone) {
        while self.sealed.front().is_some_and(|first| first.standing == 0) {
            gone.extend(self.sealed.pop_front().map(|first| first.stretch));
        }
        if self.sealed.is_empty() && self.standing == 0 && !self.open.is_empty() {
            self.seal();
            gone.extend(self.sealed.pop_front().map(|first| first.stretch));
        }
    }

    /// Takes the last event for a rider that stands there and was lent nothing. `None` where it stands elsewhere, or where others must be let go of as well.
    #[inline]
    pub(super) fn newest(&mut self, released: &mut u64) -> Option<Arc<Stored>> {
        let alone = self.standing == 1 && self.sealed.is_empty();
        if self.open.is_empty() || *released + 1 != self.end || (alone && self.open.len() > 1) {
            return None;
        }
        *released = self.end;
        self.standing -= 1;
        self.done += 1;
        if alone { self.open.pop() } else { self.open.last().cloned() }
    }

    /// Takes the next event for a rider, or lends it that and those after it, to be read without the lock. `released` is the place before which the rider has let go of all.
    pub(super) fn fetch(
        &mut self,
        needle: &Needle,
        released: &mut u64,
        lent: &mut Lent,
    ) -> Option<Arc<Stored>> {
        let newest = self.newest(released);
        if newest.is_none() && *released < self.end {
            needle.set(*released);
            self.lend(*released, lent);
        }
        newest
    }

    #[inline(never)]
    fn lend(&mut self, place: u64, lent: &mut Lent) {
        if place >= self.open_from() {
            self.seal();
        }
        let sealed = self.sealed.get(self.sealed_with(place));
        lent.at = sealed.map_or(0, |sealed| usize::try_from(place - sealed.from).unwrap_or(usize::MAX));
        lent.stretch = sealed.map(|sealed| Arc::clone(&sealed.stretch));
    }
}
