//! (b) Async handlers that the publisher awaits, at 1, 8 and 64: ready at once, and yielding once.

use std::sync::Arc;

use bus_core::Event;
use futures_util::future::join_all;

use crate::load::LoadEmit;
use crate::load::{Counter, HISTORY, Plain, Said, bus, runtime, text};
use crate::measure::{Group, Side};

pub(crate) fn groups() -> Vec<Group> {
    [false, true].into_iter().flat_map(|yields| [1, 8, 64].map(|handlers| group(handlers, yields))).collect()
}

fn group(handlers: usize, yields: bool) -> Group {
    let (word, how) = if yields { ("yields", "that yield once") } else { ("ready", "ready at once") };
    let title = format!("publish to {handlers} async handlers {how}, and await them");
    let group = Group::new(format!("b/{word}/{handlers}"), title, "handler")
        .side(super::sync::floor(1).called("floor at 1"))
        .side(ours(handlers, yields))
        .side(joined(handlers, yields));
    #[cfg(feature = "peers")]
    let group = group.sides(crate::peer::asynchronous(handlers, yields));
    match (yields, handlers) {
        (true, _) => group.target("bus", "floor at 1", 22.0),
        (false, 64) => group
            .target("bus", "floor at 1", 2.0)
            .target("bus", "join_all + semaphore", 1.0 / 6.0)
            .target("bus", "jaeb", 1.0 / 3.0),
        (false, 8) => group.target("bus", "floor at 1", 2.5),
        _ => group,
    }
}

async fn work(counter: Counter, yields: bool) {
    if yields {
        tokio::task::yield_now().await;
    }
    counter.add();
}

fn ours(handlers: usize, yields: bool) -> Side {
    let (runtime, bus, counter) = (runtime(), bus(HISTORY), Counter::default());
    let entered = runtime.enter();
    for _ in 0..handlers {
        let counter = counter.clone();
        bus.subscribe::<Said>().handle(move |_: Event<Said>| work(counter.clone(), yields)).detach();
    }
    drop(entered);
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    let side = Side::new("bus", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for _ in 0..times {
                let receipt = desk.emit_said(text()).await;
                assert_eq!(receipt.handled(), handlers);
            }
        });
        counter.assert_added(before, times * handlers as u64);
    });
    side.per(handlers)
}

/// The hand-written form: all handlers at once, as many at a time as the bus allows.
fn joined(handlers: usize, yields: bool) -> Side {
    let (runtime, counter) = (runtime(), Counter::default());
    let places = Arc::new(tokio::sync::Semaphore::new(10));
    let side = Side::new("join_all + semaphore", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for _ in 0..times {
                let event = Arc::new(Plain::new());
                join_all((0..handlers).map(|_| {
                    let (event, counter, places) = (Arc::clone(&event), counter.clone(), Arc::clone(&places));
                    Box::pin(async move {
                        let _place = places.acquire().await;
                        work(counter, yields).await;
                        drop(event);
                    })
                }))
                .await;
            }
        });
        counter.assert_added(before, times * handlers as u64);
    });
    side.per(handlers)
}
