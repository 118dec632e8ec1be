//! Runtimes and time for a simulation under shuttle: everything follows from the schedule, so one
//! seed replays one run.
//!
//! A [`Runtime`] has worker threads, which are shuttle's, and stops when asked. A [`Clock`] holds
//! the time; while one runs, a thread outside of every runtime finds none, as with tokio. Without a
//! clock there is one runtime always at hand, time stands still and no timer fires.

mod clock;
mod count;
mod executor;
mod task;
mod worker;

pub use clock::{Clock, Instant, Sleep, on_clock, sleep, sleep_until};
pub(super) use count::start_worker;
pub use count::{running_tasks, running_workers};
pub use executor::{Entered, Handle, Id, NoRuntime, Runtime, Spawned, is_stopping};
pub use worker::{Blocking, blocking};

/// A lock of the simulation's own, which no thread holds at a point where shuttle may switch: so it
/// is never contended, and adds no schedules to look at.
fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
