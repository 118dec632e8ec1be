//! A slow handler is named while it still runs: also one that blocks its thread.

use std::time::Duration;

use bus_core::{Event, EventBus};
use tokio::runtime;

use crate::common::{Notes, log, watch};
use crate::events::{FaultsEmit, Ping};

const SLOW_AFTER: Duration = Duration::from_secs(1);

/// How long each handler runs. The fault was seen with 7 s at a threshold of 5 s, which is 1.4.
const RUNS: Duration = Duration::from_millis(1_300);

#[test]
fn a_handler_that_blocks_for_longer_than_the_threshold_is_named_before_it_ends() {
    log::collect();
    watch(None, |_| {
        // The thread that names them may also wait for a processor, in one round.
        let round = |round| Some(unnamed(round)).filter(|unnamed| !unnamed.is_empty());
        let rounds: Vec<_> = (0..3).map_while(round).collect();
        assert!(
            rounds.len() < 3,
            "handlers ran for {RUNS:?} at a threshold of {SLOW_AFTER:?} and were not named: {rounds:?}"
        );
    });
}

/// Runs eight handlers, and returns those that the log had not named by their end. They begin at
/// different times, so that no clock of the bus that is read now and then suits all of them.
fn unnamed(round: u64) -> Vec<String> {
    let unnamed = Notes::<String>::new();
    let handler = |n: u64| {
        let unnamed = unnamed.clone();
        std::thread::spawn(move || {
            // It waits for nothing: this is how much later than the first one it begins.
            std::thread::sleep(Duration::from_millis(40) * u32::try_from(n).unwrap());
            block(8 * round + n, unnamed);
        })
    };
    let threads: Vec<_> = (0..8).map(handler).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    unnamed.all()
}

/// Blocks this thread in a handler: a synchronous one, or an async one that the emit itself polls.
fn block(n: u64, unnamed: Notes<String>) {
    let bus = EventBus::builder().slow_after(SLOW_AFTER).build().unwrap();
    let name = format!("blocks-thread-{n}");
    let subscribe = bus.subscribe::<Ping>().name(name.clone());
    let emitter = bus.stream(name.clone());
    let work = move || {
        // It waits for nothing: a handler that takes so long is what the test is about.
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
