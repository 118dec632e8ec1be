//! Every lock and atomic of the crate, so that the interleaving models exercise the code that ships.
//!
//! Built as usual these are the standard library's; with `--cfg bus_loom` they are loom's and with `--cfg bus_shuttle` shuttle's. Nothing else in the crate
//! names a lock or an atomic type.

#[cfg(bus_loom)]
use loom::sync as imp;
#[cfg(bus_shuttle)]
use shuttle::sync as imp;
#[cfg(not(any(bus_loom, bus_shuttle)))]
use std::sync as imp;

pub(crate) use imp::atomic::{AtomicBool, AtomicU64, Ordering};

/// A mutex that ignores poisoning: nothing foreign runs under a lock of the bus, so a panic cannot leave one half changed.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

pub(crate) type Guard<'a, T> = imp::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where a thread waits for something to change under a [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(imp::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(imp::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> Guard<'a, T> {
        self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
