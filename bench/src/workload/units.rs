//! (u) The steps of a publish, so that a result of another machine can be understood.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::measure::{Group, Side};

pub(crate) fn groups() -> Vec<Group> {
    let counter = AtomicU64::new(0);
    let lock = Mutex::new(0_u64);
    let shared = Arc::new([0_u8; 64]);
    let group = Group::new("u", "what a publish is made of", "operation")
        .side(Side::new("atomic add", move |times| {
            (0..times).for_each(|_| _ = black_box(counter.fetch_add(1, Ordering::Relaxed)));
        }))
        .side(Side::new("lock and unlock", move |times| {
            (0..times).for_each(|_| *black_box(&lock).lock().expect("no thread panicked") += 1);
        }))
        .side(Side::new("Arc clone and drop", move |times| {
            (0..times).for_each(|_| drop(black_box(Arc::clone(&shared))));
        }))
        .side(Side::new("clock", |times| (0..times).for_each(|_| _ = black_box(SystemTime::now()))))
        .side(Side::new("Arc of 200 bytes", |times| {
            (0..times).for_each(|_| drop(black_box(Arc::new([1_u8; 200]))));
        }))
        .side(Side::new("catch_unwind of a boxed call", |times| {
            let call: Box<dyn Fn()> = Box::new(|| ());
            let call = black_box(call);
            for _ in 0..times {
                let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&call));
                drop(black_box(caught));
            }
        }));
    vec![group]
}
