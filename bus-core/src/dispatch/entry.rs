//! What is looked at before a publish takes its step.

use super::Core;
use super::publish::Published;
use crate::emit::Receipt;
use crate::error::Refused;
use crate::payload::Descriptor;
use crate::sync::Ordering;

impl Published {
    pub(crate) fn nothing() -> Self {
        Self { receipt: Receipt::default(), ticket: None }
    }
}

impl Core {
    /// Whether an event of this kind would be neither kept nor wanted, so that it need not even be made.
    pub(crate) fn is_idle(&self, event: &'static Descriptor) -> bool {
        let kept =
            if event.policy.transient { self.settings.transient_history } else { self.settings.history };
        kept == 0 && self.subscriptions.load(Ordering::Acquire) == 0
    }

    /// Counts an event that nobody wanted and nothing kept. It has no place and no id.
    pub(crate) fn pass_by(&self) -> Published {
        if self.closed.load(Ordering::Acquire) {
            return Published { receipt: Receipt::refuse(Refused::Closed), ticket: None };
        }
        self.unobserved.fetch_add(1, Ordering::Relaxed);
        Published::nothing()
    }

    /// Counts an event that did not get onto the bus, says so in the log, and in the receipt.
    pub(crate) fn refuse(&self, kind: &str, refused: Refused) -> Published {
        self.lock().totals.refused += 1;
        tracing::error!(target: "bus_core", kind, "event refused: {refused}");
        Published { receipt: Receipt::refuse(refused), ticket: None }
    }
}
