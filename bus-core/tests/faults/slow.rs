//! A slow handler is named while it still runs: also one that blocks its thread.

use std::time::Duration;

use bus_core::{Event, EventBus};
use tokio::runtime;

use crate::common::{Notes, log, watch};
use crate::events::{FaultsEmit, Ping};

const SLOW_AFTER: Duration = Duration::from_secs(1);

/// How long each handler runs. The fault was seen with 7 s at a threshold of 5 s, which is 1.4.
const RUNS: Duration = Duration::from_millis(1_300);

/// Looks at the end of each handler whether the log had named it by then. They begin at different
/// times, so that no clock of the bus that is read now and then suits all of them.
#[test]
fn a_handler_that_blocks_for_longer_than_the_threshold_is_named_before_it_ends() {
    log::collect();
    watch(None, |_| {
        let unnamed = Notes::<String>::new();
        let threads: Vec<_> = (0_u64..8)
            .map(|n| {
                let unnamed = unnamed.clone();
                std::thread::spawn(move || {
                    // So that they begin at different times.
                    std::thread::sleep(Duration::from_millis(40) * u32::try_from(n).unwrap());
                    block(n, unnamed);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let unnamed = unnamed.all();
        assert!(
            unnamed.is_empty(),
            "{} of 8 handlers ran for {RUNS:?} at a threshold of {SLOW_AFTER:?} and were never named: {unnamed:?}",
            unnamed.len()
        );
    });
}

/// Blocks this thread in a handler: a synchronous one, or an async one that the emit itself polls.
fn block(n: u64, unnamed: Notes<String>) {
    let bus = EventBus::builder().slow_after(SLOW_AFTER).build().unwrap();
    let name = format!("blocks-thread-{n}");
    let subscribe = bus.subscribe::<Ping>().name(name.clone());
    let emitter = bus.stream(name.clone());
    let work = move || {
        // The handler's own work: it blocks for so long.
        std::thread::sleep(RUNS);
        if log::lines(&["WARN", &name, "slow.rs"]).is_empty() {
            unnamed.add(name.clone());
        }
    };
    if n.is_multiple_of(2) {
        let _guard = subscribe.handle_sync(move |_| work());
        drop(emitter.emit_ping(n).send());
    } else {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _guard = subscribe.handle(move |_: Event<Ping>| {
                work();
                async {}
            });
            emitter.emit_ping(n).await;
        });
    }
}
