//! A mutex that goes to those who wait.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A mutex that nobody takes again before another who waits has had it. One of the standard library
/// may go to the same thread again and again, so that a commit would wait for all steps of
/// retention.
#[derive(Debug)]
pub(crate) struct FairMutex<T> {
    /// Held by the one who waits for the value next.
    next: Mutex<()>,
    value: Mutex<T>,
}

impl<T> FairMutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { next: Mutex::new(()), value: Mutex::new(value) }
    }

    /// Waits for the value. A panic of another who had it is no reason to refuse it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let _next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_waits_has_it_before_who_takes_it_again() {
        let mutex = FairMutex::new(0);
        for round in 0..200 {
            thread::scope(|scope| {
                let guard = mutex.lock();
                scope.spawn(|| *mutex.lock() += 1);
                // The other one waits as soon as it is next.
                while mutex.next.try_lock().is_ok() {
                    thread::yield_now();
                }
                drop(guard);
                assert_eq!(*mutex.lock(), round + 1);
            });
        }
    }
}
