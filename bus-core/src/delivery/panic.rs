//! Catches the panics of foreign code, so that none crosses from one handler into another.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::delivery::context;
use crate::excerpt::excerpt;

/// Runs foreign code; a panic is logged and ends here.
#[inline]
pub(crate) fn catch_panic(work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        log_panic(panic);
    }
}

/// Drops values one by one, each under a guard of its own: two panics in one drop of a whole list
/// would abort the process.
pub(crate) fn drop_each<T>(all: impl IntoIterator<Item = T>) {
    catch_each(all, drop);
}

/// Drops a waker that was replaced: it may be the last reference to a task.
pub(crate) fn drop_waker(old: Option<Waker>) {
    if old.is_some() {
        let _frame = context::Entered::inherit();
        drop_each(old);
    }
}

/// Does the same with each value, one by one, whichever of them panics.
pub(crate) fn catch_each<T>(all: impl IntoIterator<Item = T>, mut work: impl FnMut(T)) {
    let mut rest = all.into_iter();
    let mut left = true;
    while left {
        // One guard serves all values until one of them panics.
        catch_panic(|| {
            rest.by_ref().for_each(&mut work);
            left = false;
        });
    }
}

/// Returns the text of a panic, where it has one, and drops what the panic carries.
pub(crate) fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
        .to_owned();
    // The payload of a panic may panic when it is dropped. The payload of that second panic is
    // leaked: dropping it could go on without end.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    text
}

#[cold]
fn log_panic(panic: Box<dyn Any + Send>) {
    let panic = message(panic);
    let panic = excerpt(&panic);
    context::log(|| tracing::error!(target: "bus_core", %panic, "a drop or a callback panicked"));
}
