//! Batches of a subscription that reads the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bus_core::testing::MemoryStore;
use bus_core::{Batch, BatchError};

use crate::common::trial;
use crate::{LoadEmit, Work, numbers};

#[test]
fn a_consumer_goes_on_behind_the_events_that_succeeded_from_the_front() {
    let store = Arc::new(MemoryStore::new());
    trial().paused().with(|bus| bus.store(store)).run(async |bus, _| {
        let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
        let failed = Arc::new(AtomicBool::new(false));
        let work = bus.subscribe::<Work>().batch(4).consumer("export").with((sender, failed));
        let _guard = work.handle(async |(sender, failed), events: Batch<Work>| {
            sender.send(numbers(&events)).map_err(BatchError::all)?;
            match events.iter().position(|event| event.n == 2) {
                Some(at) if !failed.swap(true, Ordering::SeqCst) => Err(BatchError::some([(at, "odd")])),
                _ => Ok(()),
            }
        });
        for n in 0..6_u64 {
            bus.stream("desk").emit_work(n).send().recorded().await.unwrap();
        }
        let mut calls: Vec<Vec<u64>> = Vec::new();
        let seen = |calls: &[Vec<u64>], n: u64| calls.concat().iter().filter(|seen| **seen == n).count();
        // Paused time moves on to the retry when nothing else is to be done.
        while seen(&calls, 2) < 2 || seen(&calls, 5) == 0 {
            calls.push(received.recv().await.unwrap());
        }
        let counts = [0, 1, 2].map(|n| seen(&calls, n));
        assert_eq!(counts, [1, 1, 2], "{calls:?}");
        let failing = calls.iter().position(|call| call.contains(&2)).unwrap();
        assert_eq!(calls[failing + 1][0], 2);
    });
}

#[test]
fn a_page_of_the_store_fills_a_large_batch() {
    let store = Arc::new(MemoryStore::new());
    trial().with(|bus| bus.store(store)).run(async |bus, _| {
        for n in 0..1_000_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        bus.stream("desk").emit_work(1_000).send().recorded().await.unwrap();
        let (sender, mut lengths) = tokio::sync::mpsc::unbounded_channel();
        let work = bus.subscribe::<Work>().batch(800).consumer("export").with(sender);
        let _guard = work
            .handle(async |sender, events: Batch<Work>| sender.send(events.len()).map_err(BatchError::all));
        assert_eq!(lengths.recv().await, Some(800));
    });
}
