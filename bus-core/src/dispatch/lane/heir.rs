//! What readers get when the last handle of their bus is gone.

use crate::dispatch::Core;
use crate::dispatch::crew::Crew;
use crate::dispatch::lane::Work;
use crate::dispatch::lane::overflow::Overflow;
use crate::dispatch::lane::queue::Backlog;
use crate::dispatch::run::after::{After, drop_each};
use crate::sync::{Guard, Mutex};

/// What a reader inherits when the last handle of its bus is gone: the events that it has not read yet.
#[derive(Default)]
pub(crate) struct Heir(Mutex<Option<Backlog>>);

impl Heir {
    pub(crate) fn backlog(&self) -> Guard<'_, Option<Backlog>> {
        self.0.lock()
    }

    /// Lets go of what nobody will read.
    pub(crate) fn drain(&self) {
        let unread = self.0.lock().as_mut().map(Backlog::drain);
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
            let Some(mut lane) = order.lanes.remove(key) else { continue };
            if let Work::Pull { waker, heir, .. } = &mut lane.work {
                let backlog = std::mem::replace(&mut lane.backlog, Backlog::new(1, 1, Overflow::DropOldest));
                *heir.0.lock() = Some(backlog);
                after.wakers.extend(waker.take());
            }
            after.rare().queued.extend(lane.backlog.drain());
            after.rare().lanes.push(lane);
        }
        let crews: Vec<_> = order.crews.iter().map(|(key, _)| key).collect();
        let crews = crews.into_iter().filter_map(|key| order.crews.remove(key)).collect::<Vec<_>>();
        after.rare().runners.extend(crews.into_iter().flat_map(Crew::disband));
        after.rare().events.extend(order.history.drain());
        after.rare().events.extend(order.pairs.drain());
        drop(order);
        after.run(self);
    }
}
