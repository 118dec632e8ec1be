//! Events that could not be recorded: a bus that must record closes itself, any other goes on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bus_core::store::{Entry, NotRecorded, Store, StoreError};
use bus_core::testing::MemoryStore;
use bus_core::{AgentEvent, EventBus, Refused, Unrecorded};
use common::{Notes, block_on, log, watch};

#[derive(AgentEvent)]
enum Orders {
    OrderPlaced { number: u64 },
    OrderRead { number: u64 },
}

/// A store whose first write reports that it has begun and waits for permission.
struct Gate {
    begun: mpsc::Sender<()>,
    allowed: Mutex<mpsc::Receiver<()>>,
}

impl Store for Gate {
    fn write(&self, _: &[Entry]) -> Result<(), StoreError> {
        if self.begun.send(()).is_ok() {
            let _ = self.allowed.lock().unwrap().recv();
        }
        Ok(())
    }
}

#[test]
fn a_bus_that_must_record_closes_itself_before_anybody_learns_of_the_loss() {
    log::collect();
    let store = Arc::new(MemoryStore::new());
    let bus = EventBus::builder().store(Arc::clone(&store)).on_unrecorded(Unrecorded::Close);
    let bus = bus.build().unwrap();
    watch(Some(&bus.clone()), move |_| {
        let notes = Notes::<u64>::default();
        let seen = notes.clone();
        let _guard = bus.subscribe::<OrderPlaced>().handle_sync(move |event| seen.add(event.number));
        let place = |number| block_on(async { bus.stream("desk").emit_order_placed(number).await });
        assert!(place(0).recorded().is_ok());
        store.fail(Some(StoreError::failed("the cable of shelf 9 is out")));
        let lost = place(1);
        assert!(lost.id().is_some() && matches!(lost.recorded(), Err(NotRecorded::Failed(_))));
        let refused = place(2);
        assert_eq!(refused.refused(), Some(&Refused::Unrecorded));
        let text = refused.refused().unwrap().to_string();
        assert!(text.contains("on_unrecorded(Close)"), "{text}");
        assert_eq!(notes.all(), [0, 1]);
        assert!(!log::lines(&["the bus has closed itself", "ERROR"]).is_empty());
        let report = block_on(bus.close(Duration::ZERO));
        assert_eq!(report.not_recorded, 1);
    });
}

#[test]
fn a_full_queue_closes_a_bus_that_must_record() {
    let (begun, begins) = mpsc::channel();
    let (allow, allowed) = mpsc::channel();
    let gate = Gate { begun, allowed: Mutex::new(allowed) };
    let bus = EventBus::builder().store(gate).store_queue_bytes(1);
    let bus = bus.on_unrecorded(Unrecorded::Close).build().unwrap();
    watch(Some(&bus.clone()), move |_| {
        let place = |number| bus.stream("desk").emit_order_placed(number).send();
        let first = place(0);
        begins.recv().unwrap();
        let second = place(1);
        let third = block_on(place(2).recorded());
        assert_eq!(third, Err(NotRecorded::Full));
        drop(allow);
        assert!(block_on(first.recorded()).is_ok());
        assert_eq!(place(3).receipt().refused(), Some(&Refused::Unrecorded));
        assert!(block_on(second.recorded()).is_ok(), "what waited is written all the same");
    });
}

#[test]
fn a_bus_that_only_warns_goes_on() {
    let store = Arc::new(MemoryStore::new().leave_out("order_read"));
    let closes = EventBus::builder().store(Arc::clone(&store)).on_unrecorded(Unrecorded::Close);
    let closes = closes.build().unwrap();
    assert!(block_on(async { closes.stream("desk").emit_order_read(0).await }).id().is_some());
    assert!(block_on(async { closes.stream("desk").emit_order_read(1).await }).id().is_some());
    let warns = EventBus::builder().store(Arc::clone(&store)).build().unwrap();
    store.fail(Some(StoreError::Full));
    for number in 0..3 {
        let receipt = block_on(async { warns.stream("desk").emit_order_placed(number).await });
        assert!(receipt.id().is_some() && receipt.recorded().is_err());
    }
}
