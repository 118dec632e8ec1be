//! What is looked at before a publish takes its step.

use crate::dispatch::Core;
use std::sync::Arc;

use crate::dispatch::run::after::{guarded, let_go};
use crate::dispatch::wait::receipt::Receipt;
use crate::dispatch::wait::sent::Sent;
use crate::error::{DuplicateKind, Refused};
use crate::event::AnyEvent;
use crate::payload::Descriptor;
use crate::registry::Catalogue;
use crate::sync::Ordering;

impl Core {
    /// Whether an event of this kind would be neither kept nor wanted, so that it need not even be made.
    #[inline]
    pub(crate) fn is_idle(&self, event: &'static Descriptor) -> bool {
        let kept =
            if event.policy.transient { self.settings.transient_history } else { self.settings.history };
        kept == 0 && self.subscriptions.load(Ordering::Acquire) == 0 && !self.is_paired(event)
    }

    /// Whether such an event begins or ends a pair: the table of open pairs wants it then.
    #[inline(never)]
    fn is_paired(&self, event: &'static Descriptor) -> bool {
        !event.ends_with.is_empty() || (self.paired.load(Ordering::Acquire) && self.lock().routes.ends(event))
    }

    /// Counts an event that nobody wanted and nothing kept. It has no place and no id.
    pub(crate) fn pass_by(&self, event: &'static Descriptor) -> Sent {
        if self.closed.load(Ordering::Acquire) {
            return self.refuse(event.kind, Refused::Closed);
        }
        self.unobserved.fetch_add(1, Ordering::Relaxed);
        Sent::nothing()
    }

    /// Counts an event that did not get onto the bus, says so in the log, and in the receipt.
    pub(crate) fn refuse(&self, kind: &str, refused: Refused) -> Sent {
        self.lock().totals.refused += 1;
        // After `close` refusing is what is asked for, and every part of a runtime that still runs would say so.
        guarded(|| {
            if refused == Refused::Closed {
                tracing::debug!(target: "bus_core", kind, "event refused: {refused}");
            } else {
                tracing::error!(target: "bus_core", kind, "event refused: {refused}");
            }
        });
        Sent { receipt: Receipt::refuse(refused), open: None }
    }

    /// The same for an event that was made already.
    pub(crate) fn turn_away(&self, event: AnyEvent, refused: Refused) -> Sent {
        let published = self.refuse(event.kind(), refused);
        let_go(event);
        published
    }
}

impl Core {
    /// The catalogue as it is now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.lock())
    }

    /// Makes sure that a kind is known to the catalogue and to the routing table.
    pub(crate) fn declare(&self, event: &'static Descriptor) -> Result<(), DuplicateKind> {
        {
            let mut catalogue = self.catalogue.lock();
            if catalogue.get_type(event.type_id()).is_none() {
                Arc::make_mut(&mut catalogue).add(event)?;
            }
        }
        self.paired.fetch_or(!event.ends_with.is_empty(), Ordering::AcqRel);
        self.lock().routes.declare(event);
        Ok(())
    }
}
