//! What a reader shares with its lane, and what it gets when the last handle of its bus is gone.

use std::task::{Context, Poll, Waker};

use crate::dispatch::Core;
use crate::dispatch::crew::Crew;
use crate::dispatch::lane::Work;
use crate::dispatch::lane::overflow::Lagged;
use crate::dispatch::lane::queue::Backlog;
use crate::dispatch::run::after::{After, drop_each};
use crate::dispatch::tape::needle::Needle;
use crate::event::AnyEvent;
use crate::sync::Mutex;

/// What a reader shares with its lane.
#[derive(Default)]
pub(crate) struct Heir {
    /// How far it has read on its tape.
    pub(crate) needle: Needle,
    will: Mutex<Will>,
}

/// What a reader inherits.
#[derive(Default)]
struct Will {
    /// Not while the bus is there, or is being dropped.
    is_left: bool,
    /// The events that it has not read yet, if there are any.
    unread: Option<Box<Backlog>>,
    /// Woken when they are there.
    waker: Option<Waker>,
}

impl Heir {
    /// Leaves to the reader what it has not read. Gives its waker, if it waits for that.
    pub(crate) fn bequeath(&self, unread: Option<Box<Backlog>>) -> Option<Waker> {
        let mut will = self.will.lock();
        will.is_left = true;
        will.unread = unread;
        will.waker.take()
    }

    /// The next event or gap of those that were left. It waits while another thread is dropping the bus.
    pub(crate) fn read(&self, context: Option<&mut Context<'_>>) -> Poll<Option<Result<AnyEvent, Lagged>>> {
        let mut will = self.will.lock();
        if will.is_left {
            return Poll::Ready(will.unread.as_mut().and_then(|unread| unread.next()));
        }
        let replaced = context.and_then(|context| will.waker.replace(context.waker().clone()));
        drop(will);
        drop_each(replaced);
        Poll::Pending
    }

    /// Lets go of what nobody will read.
    pub(crate) fn drain(&self) {
        let unread = self.will.lock().unread.as_mut().map(|unread| unread.drain());
        drop_each(unread.unwrap_or_default());
    }
}

/// The last handle of a bus is gone: readers get what they have not read, and learn that no more comes.
impl Drop for Core {
    fn drop(&mut self) {
        let mut after = After::default();
        let mut order = self.lock();
        let lanes: Vec<_> = order.lanes.iter().map(|(key, _)| key).collect();
        for key in lanes {
            order.alight(key, &mut after);
            let Some(mut lane) = order.lanes.remove(key) else { continue };
            if let Work::Pull { waker, heir, .. } = &mut lane.work {
                let unread = std::mem::replace(&mut lane.backlog, Backlog::empty());
                after.wakers.extend(heir.bequeath(Some(Box::new(unread))));
                after.wakers.extend(waker.take());
            }
            after.rare().queued.extend(lane.backlog.drain());
            after.rare().lanes.push(lane);
        }
        let crews: Vec<_> = order.crews.iter().map(|(key, _)| key).collect();
        let crews = crews.into_iter().filter_map(|key| order.crews.remove(key)).collect::<Vec<_>>();
        after.rare().runners.extend(crews.into_iter().flat_map(Crew::disband));
        after.rare().events.extend(order.history.drain().map(AnyEvent::new));
        after.rare().events.extend(order.pairs.drain());
        drop(order);
        after.run(self);
    }
}
