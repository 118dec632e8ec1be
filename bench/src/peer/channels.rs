//! Peers that send events to readers.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::load::{Counter, Plain, runtime_of};
use crate::measure::Side;
use crate::workload::streams::{CAPACITY, Shape, publish_in_bursts};

pub(crate) fn streams(shape: Shape) -> [Side; 3] {
    [tokio_broadcast(shape), async_broadcast(shape), kanal(shape)]
}

fn tokio_broadcast(shape: Shape) -> Side {
    let (runtime, counter) = (runtime_of(shape.threads), Counter::default());
    let (sender, _) = broadcast::channel::<Arc<Plain>>(CAPACITY);
    for _ in 0..shape.readers {
        let (mut reader, counter) = (sender.subscribe(), counter.clone());
        runtime.spawn(async move {
            while reader.recv().await.is_ok() {
                counter.add();
            }
        });
    }
    publish_in_bursts("tokio broadcast", runtime, counter, shape, move || {
        sender.send(Arc::new(Plain::new())).expect("there are readers");
    })
}

fn async_broadcast(shape: Shape) -> Side {
    let (runtime, counter) = (runtime_of(shape.threads), Counter::default());
    let (sender, receiver) = async_broadcast::broadcast::<Arc<Plain>>(CAPACITY);
    for _ in 0..shape.readers {
        let (mut reader, counter) = (receiver.clone(), counter.clone());
        runtime.spawn(async move {
            while reader.recv().await.is_ok() {
                counter.add();
            }
        });
    }
    drop(receiver);
    publish_in_bursts("async-broadcast", runtime, counter, shape, move || {
        sender.try_broadcast(Arc::new(Plain::new())).expect("there is room");
    })
}

/// One channel for each reader, and a clone for each.
fn kanal(shape: Shape) -> Side {
    let (runtime, counter) = (runtime_of(shape.threads), Counter::default());
    let mut senders = Vec::new();
    for _ in 0..shape.readers {
        let (sender, reader) = kanal::bounded_async::<Arc<Plain>>(CAPACITY);
        senders.push(sender);
        let counter = counter.clone();
        runtime.spawn(async move {
            while reader.recv().await.is_ok() {
                counter.add();
            }
        });
    }
    publish_in_bursts("kanal fan-out", runtime, counter, shape, move || {
        let event = Arc::new(Plain::new());
        for sender in &senders {
            assert_eq!(sender.try_send(Arc::clone(&event)), Ok(true));
        }
    })
}
