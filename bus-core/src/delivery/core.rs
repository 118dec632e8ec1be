//! The state that all handles of one bus share, its lock, and steps under it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::SystemTime;

use crate::clock;
use crate::delivery::context::{self, Entered};
use crate::delivery::effects::{Effects, drop_event, drop_payload};
use crate::delivery::intercept::Interceptor;
use crate::delivery::observe::Observer;
use crate::delivery::panic::{catch_panic, message};
use crate::delivery::pending::Sent;
use crate::delivery::receipt::Receipt;
use crate::delivery::run::end_of_frame;
use crate::delivery::settings::{Settings, Thresholds};
use crate::delivery::state::State;
use crate::error::{DuplicateKind, Refused};
use crate::event::Stored;
use crate::excerpt::excerpt;
use crate::payload::Descriptor;
use crate::registry::Catalogue;
use crate::store::{Store, StoreError};
use crate::sync::{AtomicBool, AtomicU64, FairMutex, Guard, Mutex, Ordering, Table};

/// The buses of the process, by address: a thread that blocks in one bus may hold permits of
/// others.
static ALL: Table<Core> = Table::new();

/// A value on cache lines of its own: what one thread writes there takes nothing else from others.
#[repr(align(128))]
struct Padded<T>(T);

/// The state that all handles of one bus share.
pub(crate) struct Core {
    pub(crate) run: u64,
    pub(crate) settings: Settings,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) store: Option<Arc<dyn Store>>,
    /// Closes the bus when an event could not be recorded. Closing lies in a layer above.
    pub(super) close_unrecorded: Option<fn(&Arc<Self>)>,
    /// In the order in which they see an event.
    pub(crate) interceptors: Vec<Interceptor>,
    /// Whether every event is looked at before it is published: by an interceptor, or for its size.
    pub(crate) inspects: bool,
    state: Padded<FairMutex<State>>,
    pub(crate) catalogue: Mutex<Arc<Catalogue>>,
    /// The clock of the watch, moved on by its thread.
    pub(crate) ticks: AtomicU64,
    pub(crate) thresholds: Thresholds,
    /// Events that nobody wanted and nothing kept.
    pub(crate) discarded: AtomicU64,
    /// How many subscriptions there are, for a look without the lock.
    pub(crate) subscriptions: AtomicU64,
    /// Whether a known kind begins what another ends, for a look without the lock.
    paired: AtomicBool,
    /// The warnings about kinds and guards that were given.
    pub(super) warned: Mutex<Vec<u64>>,
    /// Whether slow and late handlers are looked for.
    pub(crate) watched: AtomicBool,
    /// Whether it is closed, for a look without the lock.
    pub(crate) closed: AtomicBool,
}

impl Core {
    pub(crate) fn new(
        run: u64,
        settings: Settings,
        observer: Option<Arc<dyn Observer>>,
        store: Option<Arc<dyn Store>>,
        close_unrecorded: Option<fn(&Arc<Self>)>,
        interceptors: Vec<Interceptor>,
        catalogue: Catalogue,
    ) -> Arc<Self> {
        let state = State::new(&settings, &catalogue);
        let paired = catalogue.iter().any(|event| !event.ends_with.is_empty());
        let inspects = settings.max_event_bytes.is_some() || !interceptors.is_empty();
        let thresholds = Thresholds::of(&settings);
        let core = Arc::new(Self {
            run,
            settings,
            observer,
            store,
            close_unrecorded,
            interceptors,
            inspects,
            state: Padded(FairMutex::new(state)),
            catalogue: Mutex::new(Arc::new(catalogue)),
            // From 1: a handler that began at tick 0 has had its warning.
            ticks: AtomicU64::new(1),
            thresholds,
            discarded: AtomicU64::new(0),
            subscriptions: AtomicU64::new(0),
            paired: AtomicBool::new(paired),
            warned: Mutex::new(Vec::new()),
            watched: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        ALL.insert(context::address(&core), &core);
        core
    }

    /// The bus of a frame on this stack, unless it is being dropped.
    pub(crate) fn at(address: usize) -> Option<Arc<Self>> {
        ALL.get(address)
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, State> {
        let mut state = self.state.0.lock();
        state.split_idle();
        state
    }

    /// The lock for a step of a publish, which leaves the idle sets as they are.
    #[inline]
    pub(crate) fn lock_step(&self) -> Guard<'_, State> {
        self.state.0.lock()
    }

    /// Lets those take the lock who wait for it: between two turns of a walk.
    pub(crate) fn yield_lock(&self) {
        self.state.0.yield_to_others();
    }

    /// The time of an event that is made now.
    #[inline]
    pub(crate) fn now(&self) -> SystemTime {
        if self.settings.clock.is_none() { clock::now() } else { self.now_by_clock() }
    }

    #[cold]
    fn now_by_clock(&self) -> SystemTime {
        let mut now = None;
        if let Some(clock) = &self.settings.clock {
            let _frame = Entered::callback(self, None);
            catch_panic(|| now = Some(clock.now()));
        }
        now.unwrap_or_else(clock::now)
    }

    #[inline]
    pub(crate) fn tick(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Whether a handler at work since this tick has had its time.
    pub(crate) fn is_late(&self, since: u64) -> bool {
        self.tick().saturating_sub(since) > self.thresholds.handler_timeout
    }

    /// Takes a step under the lock, and then does what had to wait for its end.
    #[inline]
    pub(crate) fn step<T>(self: &Arc<Self>, step: impl FnOnce(&mut State, &mut Effects) -> T) -> T {
        let mut effects = Effects::default();
        let done = step(&mut self.lock(), &mut effects);
        self.run_effects(effects, None);
        done
    }

    /// The same for a step that an event causes.
    #[inline]
    pub(crate) fn step_of(
        self: &Arc<Self>,
        event: &Arc<Stored>,
        step: impl FnOnce(&mut State, &mut Effects),
    ) {
        let mut effects = Effects::default();
        step(&mut self.lock(), &mut effects);
        self.run_effects(effects, Some(event));
    }

    /// Does what had to wait for the end of a step. Where this is the outermost frame, it also runs
    /// what that has postponed.
    #[inline]
    fn run_effects(self: &Arc<Self>, effects: Effects, cause: Option<&Arc<Stored>>) {
        if !effects.is_empty() {
            effects.run(self, cause);
            end_of_frame();
        }
    }

    /// Calls the store. A panic is an error.
    pub(crate) fn call_store<T>(
        &self,
        call: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _frame = Entered::callback(self, None);
        catch_unwind(AssertUnwindSafe(call))
            .unwrap_or_else(|panic| Err(StoreError::failed(format!("it panicked: {}", message(panic)))))
    }

    /// Refuses an event before it is made, if nothing may be published here. Its payload is leaked:
    /// one that publishes another when it is dropped would go on without end.
    pub(crate) fn refuse_too_deep<P>(&self, kind: &str, payload: &mut Option<P>) -> Option<Sent> {
        if !context::is_too_deep() {
            return None;
        }
        std::mem::forget(payload.take());
        Some(self.refuse(kind, Refused::TooNested))
    }

    /// Whether an event of this kind would be neither kept nor wanted, so that it need not be made.
    #[inline]
    pub(crate) fn is_idle(&self, event: &'static Descriptor) -> bool {
        let kept =
            if event.policy.transient { self.settings.transient_history } else { self.settings.history };
        kept == 0
            && !event.policy.sticky
            && self.subscriptions.load(Ordering::Acquire) == 0
            && self.observer.is_none()
            && self.store.is_none()
            && self.interceptors.is_empty()
            && !self.is_paired(event)
    }

    /// Whether such an event begins or ends a pair: the table of open pairs wants it then.
    #[inline(never)]
    fn is_paired(&self, event: &'static Descriptor) -> bool {
        !event.ends_with.is_empty() || (self.paired.load(Ordering::Acquire) && self.lock().routes.ends(event))
    }

    /// Counts an event that nobody wanted and nothing kept. It has no position and no id.
    pub(crate) fn count_discarded(self: &Arc<Self>, event: &'static Descriptor) -> Sent {
        if self.closed.load(Ordering::Acquire) {
            return self.refuse(event.kind, Refused::Closed);
        }
        self.discarded.fetch_add(1, Ordering::Relaxed);
        Sent::nothing()
    }

    /// Counts an event that did not get onto the bus, and says so in the log and in the receipt.
    #[cold]
    pub(crate) fn refuse(&self, kind: &str, refused: Refused) -> Sent {
        let refused = {
            let mut state = self.lock();
            state.totals.refused += 1;
            let by_store = state.records.as_deref().is_some_and(|records| records.has_closed);
            if by_store && matches!(refused, Refused::Closed) { Refused::Unrecorded } else { refused }
        };
        let is_closed = matches!(refused, Refused::Closed | Refused::Unrecorded);
        // After `close` refusing is what is asked for, and every part of a runtime that still runs
        // would log it: once for each kind is enough to find who emits too late.
        let first = is_closed && self.is_first_warning(&("closed", kind));
        let kind = excerpt(kind);
        context::log(|| {
            match refused {
                Refused::Closed | Refused::Unrecorded if !first => {
                    tracing::debug!(target: "bus_core", %kind, "event refused: {refused}");
                }
                // Refusing is what an interceptor may be there for.
                Refused::Closed | Refused::Unrecorded | Refused::Intercepted { .. } => {
                    tracing::warn!(target: "bus_core", %kind, "event refused: {refused}");
                }
                _ => tracing::error!(target: "bus_core", %kind, "event refused: {refused}"),
            }
        });
        Sent { receipt: Receipt::refuse(refused), open: None }
    }

    /// The same for an event that was made already.
    #[cold]
    pub(crate) fn reject(&self, event: Arc<Stored>, refused: Refused) -> Sent {
        let ends = matches!(refused, Refused::ChainTooDeep { .. } | Refused::TooNested);
        let sent = self.refuse(event.body.kind().as_str(), refused);
        if ends && context::is_callback() {
            // A payload that publishes another one when it is dropped would go on without end.
            std::mem::forget(event);
        } else {
            drop_event(self, event);
            end_of_frame();
        }
        sent
    }

    /// The catalogue as it is now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.lock())
    }

    /// Makes sure that a kind is known to the catalogue and to the routes.
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

/// The last handle of a bus is gone: readers get what they have not read, and learn that no more
/// comes.
impl Drop for Core {
    fn drop(&mut self) {
        ALL.remove(context::address(self));
        let mut effects = Effects::default();
        self.lock().tear_down(self.run, &mut effects);
        effects.run_last(self);
        self.end_store();
        let observer = self.observer.take();
        drop_payload(self, observer);
        for interceptor in std::mem::take(&mut self.interceptors) {
            drop_payload(self, interceptor);
        }
    }
}
