//! The bus: a handle that is cheap to clone, from which everything else is made.

mod builder;
mod close;
mod unrecorded;

use std::fmt;
use std::sync::Arc;

pub use builder::EventBusBuilder;
pub use close::{Close, CloseReport, Left};
pub use unrecorded::Unrecorded;

use crate::delivery::{Core, OpenPair, OpenPairs, drop_each};
use crate::registry::Catalogue;

/// How many open pairs are read with each lock.
const WINDOW: usize = 256;

/// A handle of a bus.
///
/// A clone is cheap and is the same bus. The bus lives as long as one handle or emitter. Guards and
/// streams do not keep it alive.
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, EventBus};
///
/// #[derive(AgentEvent)]
/// enum BuildEvents {
///     TargetStarted { target: String },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let _guard = bus
///     .subscribe::<TargetStarted>()
///     .handle_sync(|event| println!("{} began", event.target));
/// bus.stream("desk").emit_target_started("app").await;
/// # }
/// ```
#[derive(Clone)]
pub struct EventBus {
    pub(crate) core: Arc<Core>,
}

impl EventBus {
    /// Makes a bus with the defaults of [`EventBus::builder`].
    ///
    /// # Panics
    /// If two linked definitions declare the same kind. The message names both and their packages.
    /// [`EventBusBuilder::build`] returns an error instead, and [`EventBusBuilder::prefer`] chooses
    /// one of the two.
    #[track_caller]
    #[expect(clippy::panic, reason = "documented; the builder returns it")]
    pub fn new() -> Self {
        Self::builder().build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the settings of a new bus.
    pub fn builder() -> EventBusBuilder {
        EventBusBuilder::new()
    }

    /// Returns every event kind that this bus knows at this moment.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.core.catalogue()
    }

    /// Returns the beginnings without an end, and the ends without a beginning, by the `ends_with`
    /// of the definitions.
    ///
    /// The newest 65,536 beginnings and the newest 100 unmatched ends are kept; all are counted.
    /// Pairs are read in steps, so that others publish meanwhile.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// #[derive(AgentEvent)]
    /// enum BuildEvents {
    ///     #[event(ends_with(TargetFinished, by(target)))]
    ///     TargetStarted { target: String },
    ///     TargetFinished { target: String },
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// let desk = bus.stream("desk");
    /// desk.emit_target_started("app").await;
    /// desk.emit_target_started("lib").await;
    /// desk.emit_target_finished("app").await;
    /// let pairs = bus.open_pairs();
    /// assert_eq!(pairs.unfinished.len(), 1);
    /// assert_eq!(pairs.unfinished[0].kind, "target_started");
    /// # }
    /// ```
    pub fn open_pairs(&self) -> OpenPairs {
        let (mut unfinished, mut at) = (Vec::new(), 0);
        // In steps, so that no publisher waits long for the lock.
        loop {
            let window = self.core.lock().pairs.open_after(at, WINDOW);
            let Some(last) = window.last() else { break };
            at = last.head.seq();
            unfinished.extend(window.iter().map(OpenPair::from));
            drop_each(window);
        }
        let (unmatched, unmatched_total, forgotten_total) = {
            let state = self.core.lock();
            (state.pairs.unmatched(), state.pairs.unmatched_total(), state.pairs.forgotten_total())
        };
        let pairs = unmatched.iter().map(OpenPair::from).collect();
        drop_each(unmatched);
        OpenPairs { unfinished, unmatched: pairs, unmatched_total, forgotten_total }
    }
}

impl Default for EventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = format_args!("{:016x}", self.core.run).to_string();
        f.debug_struct("EventBus").field("run", &run).finish_non_exhaustive()
    }
}
