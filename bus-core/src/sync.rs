//! Every lock and atomic of the crate, so that the interleaving models exercise the code that
//! ships.
//!
//! In a usual build these are the standard library's; with `--cfg bus_loom` they are loom's and
//! with `--cfg bus_shuttle` shuttle's. No other code in the crate names a lock or an atomic type.
//! Thread locals and task spawning are here too, because the models have threads and tasks of their
//! own.

#[cfg(bus_loom)]
mod runtime;
#[cfg(bus_shuttle)]
pub mod simulation;
mod worker;

#[cfg(bus_loom)]
use loom::sync as imp;
#[cfg(bus_shuttle)]
use shuttle::sync as imp;
#[cfg(not(any(bus_loom, bus_shuttle)))]
use std::sync as imp;

pub(crate) use imp::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(bus_loom)]
pub(crate) use runtime::{Handle, Id};
#[cfg(bus_shuttle)]
pub(crate) use simulation::{Handle, Id, Instant, Sleep, sleep, sleep_until};
#[cfg(not(any(bus_loom, bus_shuttle)))]
pub(crate) use tokio::runtime::{Handle, Id};
#[cfg(not(bus_shuttle))]
pub(crate) use tokio::time::{Instant, Sleep, sleep, sleep_until};
pub(crate) use worker::Worker;

/// A value of which each thread has one.
#[cfg(not(any(bus_loom, bus_shuttle)))]
macro_rules! per_thread {
    ($name:ident: $type:ty = $value:expr) => {
        thread_local! {
            static $name: std::cell::RefCell<$type> = const { std::cell::RefCell::new($value) };
        }
    };
}
#[cfg(bus_loom)]
macro_rules! per_thread {
    ($name:ident: $type:ty = $value:expr) => {
        loom::thread_local! {
            static $name: std::cell::RefCell<$type> = std::cell::RefCell::new($value);
        }
    };
}
#[cfg(bus_shuttle)]
macro_rules! per_thread {
    ($name:ident: $type:ty = $value:expr) => {
        shuttle::thread_local! {
            static $name: std::cell::RefCell<$type> = std::cell::RefCell::new($value);
        }
    };
}
pub(crate) use per_thread;

/// The same without a [`RefCell`](std::cell::RefCell) around it, for values made of
/// [`Cell`](std::cell::Cell)s.
macro_rules! per_thread_plain {
    ($name:ident: $type:ty = $value:expr) => {
        #[cfg(not(any(bus_loom, bus_shuttle)))]
        thread_local! {
            static $name: $type = const { $value };
        }
        #[cfg(bus_loom)]
        loom::thread_local! {
            static $name: $type = $value;
        }
        #[cfg(bus_shuttle)]
        shuttle::thread_local! {
            static $name: $type = $value;
        }
    };
}
pub(crate) use per_thread_plain;

/// Whether the failpoint of this name is switched on, to see that a model catches it. A release
/// build has none.
#[cfg(not(any(bus_loom, bus_shuttle)))]
pub(crate) const fn failpoint(_: &str) -> bool {
    false
}
#[cfg(any(bus_loom, bus_shuttle))]
pub(crate) fn failpoint(fault: &str) -> bool {
    static ASKED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ASKED.get_or_init(|| std::env::var("BUS_FAULT").ok()).as_deref() == Some(fault)
}

/// A number for observers, who may see it late. No decision depends on it, so the models need not
/// check it.
#[derive(Debug, Default)]
pub(crate) struct Gauge(std::sync::atomic::AtomicU64);

impl Gauge {
    pub(crate) const fn new(value: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(value))
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A mutex that ignores poisoning: user code never runs under a lock of the bus, so a panic cannot
/// leave it half changed.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

pub(crate) type Guard<'a, T> = imp::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A [`Mutex`] whose holder can let others go first: for walks that take it again and again.
/// Without that they would get it back each time before a waiting thread is awake.
#[derive(Debug, Default)]
pub(crate) struct FairMutex<T> {
    mutex: imp::Mutex<T>,
    /// How many threads wait for it.
    waiting: std::sync::atomic::AtomicUsize,
}

impl<T> FairMutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { mutex: imp::Mutex::new(value), waiting: std::sync::atomic::AtomicUsize::new(0) }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        #[cfg(not(any(bus_loom, bus_shuttle)))]
        match self.mutex.try_lock() {
            Ok(guard) => return guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => {}
        }
        self.wait()
    }

    #[cold]
    fn wait(&self) -> Guard<'_, T> {
        self.waiting.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let guard = self.mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.waiting.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        guard
    }

    /// Lets those go first who wait for it now. The lock must not be held.
    pub(crate) fn yield_to_others(&self) {
        #[cfg(any(bus_loom, bus_shuttle))]
        imp_yield();
        #[cfg(not(any(bus_loom, bus_shuttle)))]
        for _ in 0..YIELDS {
            if self.waiting.load(std::sync::atomic::Ordering::Relaxed) == 0 {
                break;
            }
            std::thread::yield_now();
        }
    }
}

/// How often a walk yields before it goes on, though others still wait.
#[cfg(not(any(bus_loom, bus_shuttle)))]
const YIELDS: usize = 1_000;

/// A place to wait for a change under a [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(imp::Condvar);

impl Condvar {
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> Guard<'a, T> {
        self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Wakes a thread that waits for it, once.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    pub(crate) fn set(&self) {
        *self.is_set.lock() = true;
        self.changed.notify_all();
    }

    /// Blocks this thread until it is set.
    pub(crate) fn wait(&self) {
        let mut is_set = self.is_set.lock();
        while !*is_set {
            is_set = self.changed.wait(is_set);
        }
    }
}

/// Lets other threads run for a while.
#[cfg(not(any(bus_loom, bus_shuttle)))]
pub(crate) use std::thread::sleep as rest;
#[cfg(any(bus_loom, bus_shuttle))]
pub(crate) fn rest(_: std::time::Duration) {
    imp_yield();
}

#[cfg(bus_loom)]
use loom::thread::yield_now as imp_yield;
#[cfg(all(bus_shuttle, not(bus_loom)))]
use shuttle::thread::yield_now as imp_yield;

/// Values of the process that are found by a number while they live. Its lock is the standard
/// library's in the models too: nothing else is done under it.
pub(crate) struct Table<T>(std::sync::Mutex<std::collections::BTreeMap<usize, std::sync::Weak<T>>>);

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self(std::sync::Mutex::new(std::collections::BTreeMap::new()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<usize, std::sync::Weak<T>>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn insert(&self, number: usize, value: &std::sync::Arc<T>) {
        self.lock().insert(number, std::sync::Arc::downgrade(value));
    }

    pub(crate) fn remove(&self, number: usize) {
        let removed = self.lock().remove(&number);
        drop(removed);
    }

    pub(crate) fn get(&self, number: usize) -> Option<std::sync::Arc<T>> {
        self.lock().get(&number)?.upgrade()
    }
}

/// A number that no other thread of the process has or had. An address would be used again.
pub(crate) fn next_number() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// A timer; `None` without a runtime that has timers, which tokio reports only by a panic. The
/// simulation has timers everywhere.
pub(crate) fn try_sleep(duration: std::time::Duration) -> Option<Sleep> {
    if !cfg!(bus_shuttle) {
        Handle::try_current().ok()?;
    }
    std::panic::catch_unwind(|| sleep(duration)).ok()
}
