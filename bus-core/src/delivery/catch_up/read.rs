//! The worker's part: reads pages of the store, outside the bus's lock.

use std::sync::Arc;

use super::consumer::Write;
use super::{Delay, Look, Read, Step, first_of};
use crate::delivery::context::{self, Entered};
use crate::delivery::core::Core;
use crate::delivery::overflow::{LagCause, Lagged};
use crate::delivery::run::{end_of_stack, go_on};
use crate::delivery::workers;
use crate::event::{EventId, Stored};
use crate::excerpt::excerpt;
use crate::store::{Archive, Item, Page, PageQuery};
use crate::sync::try_sleep;

/// Has a worker look for the next events of a subscription, at once or after a while.
pub(crate) fn start(core: &Arc<Core>, look: Look, delay: Option<Delay>) {
    let Some(Delay { runtime, time }) = delay else {
        let core = Arc::clone(core);
        return workers::start(move || read_on(&core, look));
    };
    // It does not keep the bus: nobody waits for it.
    let core = Arc::downgrade(core);
    runtime.spawn(async move {
        if let Some(sleep) = try_sleep(time) {
            sleep.await;
        }
        if let Some(core) = core.upgrade()
            && core.step(|state, _| state.end_delay(look))
        {
            start(&core, look, None);
        }
    });
}

/// Goes on until the receiver has something, or until there is nothing to read.
fn read_on(core: &Arc<Core>, look: Look) {
    let mut goes_on = true;
    while goes_on {
        let mut more = Vec::new();
        let step = core.step(|state, effects| state.step_of_past(core.run, look, &mut more, effects));
        goes_on = match step {
            Step::Rest => false,
            Step::Live(info) => {
                let _frame = Entered::callback(core, None);
                info.report_live();
                true
            }
            Step::Read(read) => {
                let Read { info, query, decode, settled, write, retries } = *read;
                let is_written = write.as_ref().is_none_or(|write| core.write_position(write));
                let cannot_park = !is_written && write.as_ref().is_some_and(|write| write.parks.is_some());
                let page = core.read_page(&query, retries).filter(|_| !cannot_park);
                let Some(Page { items, through, more: has_more }) = page else {
                    core.step(|state, effects| state.put_off(look, effects));
                    return end_of_stack();
                };
                let write = write.filter(|_| is_written);
                let found = Found { items: decode(core, &info, items), through, has_more, settled, write };
                core.step(|state, effects| state.take_page(core.run, look, found, &mut more, effects))
            }
        };
        for next in more {
            go_on(core, next);
        }
    }
    end_of_stack();
}

/// The result of a look into the store.
pub(super) struct Found {
    pub(super) items: Vec<Result<Arc<Stored>, Lagged>>,
    pub(super) through: Option<EventId>,
    pub(super) has_more: bool,
    /// The store has settled all events of this run up to here, since before the page was read.
    pub(super) settled: u64,
    /// The state of a consumer that was written.
    pub(super) write: Option<Write>,
}

impl Core {
    fn archive(&self) -> Option<&dyn Archive> {
        self.store.as_ref()?.archive()
    }

    /// Reads a page. Where that fails there is none for who tries again; for others it is one gap
    /// up to the end.
    fn read_page(self: &Arc<Self>, query: &PageQuery, retries: bool) -> Option<Page> {
        let read = self.call_store(|| match self.archive() {
            Some(archive) => archive.read(query),
            None => Ok(Page::default()),
        });
        let error = match read {
            Ok(page) => return Some(page),
            Err(error) => error,
        };
        context::log(|| {
            tracing::error!(target: "bus_core", %error, "the store could not be read: consumers try again, other subscriptions that read the past go on with what the bus holds");
        });
        let (from, to) = (first_of(query.since, self.run), EventId::new(self.run, self.newest()));
        let gap = Item::Gap(Lagged::new(from, to, None, LagCause::Damaged));
        (!retries).then(|| Page { items: vec![gap], through: None, more: false })
    }

    /// Writes how far a consumer is. Returns whether the store has it.
    fn write_position(self: &Arc<Self>, write: &Write) -> bool {
        let Write { name, position, parks } = write;
        let written = self.call_store(|| {
            let Some(archive) = self.archive() else { return Ok(()) };
            if let Some((event, reason)) = parks {
                archive.park(name, *event, reason)?;
            }
            match parks.as_ref().map(|(event, _)| *event).or(*position) {
                Some(position) => archive.set_position(name, position),
                None => Ok(()),
            }
        });
        if let Err(error) = &written {
            context::log(|| {
                tracing::error!(target: "bus_core", consumer = %excerpt(name), %error, "the position of a consumer was not written: after a restart it gets events again");
            });
        }
        written.is_ok()
    }
}
