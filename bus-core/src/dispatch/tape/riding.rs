//! A reader's own way to its tape, past the order lock.

use std::sync::Arc;
use std::task::{Context, Waker};

use crate::dispatch::run::after::drop_each;
use crate::dispatch::slab::Key;
use crate::dispatch::tape::reel::{Reel, Spent};
use crate::dispatch::tape::track::Lent;
use crate::event::Stored;
use crate::sync::{AtomicU64, Mutex, Ordering, planted};

/// A reader's own way to the reel.
pub(crate) struct Riding {
    reel: Arc<Mutex<Reel>>,
    key: Key,
    news: Arc<AtomicU64>,
    left: Left,
    /// It had to wait when it had read everything the last time. So it leaves its waker at once the next time, and mostly need not look again.
    eager: bool,
}

/// The waker that a reader left on the reel when it looked last.
struct Left {
    /// The news that it knew then; `None` where it left none.
    known: Option<u64>,
    /// What tells the waker apart from others, as long as it is there.
    name: (usize, usize),
}

/// What a reader finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Nothing,
    /// The next event.
    Next,
    /// Several, which were lent.
    Lent,
    /// Nothing any more.
    End,
    /// It does not ride any more.
    Alighted,
}

fn name(waker: &Waker) -> (usize, usize) {
    (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr())
}

impl Left {
    #[inline]
    fn note(&mut self, waker: Option<&Waker>, news: u64) {
        self.known = waker.map(|_| news);
        // Mostly it is the same. To copy what was just written in pieces makes the processor wait, to compare it does not.
        if let Some(name) = waker.map(name).filter(|name| *name != self.name) {
            self.name = name;
        }
    }
}

impl Riding {
    pub(super) fn new(reel: &Arc<Mutex<Reel>>, key: Key) -> Self {
        let (reel, news) = (Arc::clone(reel), Arc::clone(&reel.lock().news));
        Self { reel, key, news, left: Left { known: None, name: (0, 0) }, eager: false }
    }

    /// The next event, if it is not lent, and what is there otherwise. Without a context nobody is woken.
    #[inline]
    pub(crate) fn read(
        &mut self,
        context: Option<&Context<'_>>,
        lent: &mut Lent,
    ) -> (Option<Arc<Stored>>, Found) {
        let waker = context.map(Context::waker);
        let mut reel = self.reel.lock();
        let early = waker.filter(|_| self.eager && (!reel.closed || planted("end_unseen")));
        let newest = reel.newest(self.key, early);
        if newest.is_some() {
            self.left.note(early, reel.told());
            // Until it is seen to wait.
            self.eager = false;
            return (newest, Found::Next);
        }
        let mut spent = Spent::default();
        let (next, found) = reel.fetch(self.key, waker, lent, &mut spent);
        self.eager = found == Found::Nothing;
        self.left.note(waker.filter(|_| self.eager), reel.told());
        drop(reel);
        spent.drop();
        (next, found)
    }

    /// Whether nothing has come since it looked, and its waker is still where the next event finds it.
    #[inline]
    pub(crate) fn still_waits(&mut self, context: &Context<'_>) -> bool {
        // Whoever takes the waker has told the news before it wakes: who does not see them yet is woken.
        let waits = self.left.known.is_some_and(|known| known == self.news.load(Ordering::Acquire))
            && self.left.name == name(context.waker());
        self.eager |= waits;
        waits
    }

    /// Takes its waker back: who ends a stream itself is not to be told.
    pub(crate) fn withdraw(&mut self) {
        let left = self.reel.lock().withdraw(self.key);
        drop_each(left);
    }
}
