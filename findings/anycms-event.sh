#!/usr/bin/env bash
# A handler of anycms-event that panics once gets no event any more, and publishing still succeeds.
#
# One would expect a handler that panics on one event to get the next one, or the publisher to be told
# that nobody is left. What happens: the task of the subscription ends with the panic, its guard is
# still held, and each later `publish` returns Ok. It concerns people who subscribe to every event of
# an agent, for a log or for metrics: one unusual event ends the log in silence.
#
# Output seen:
#   anycms-event 0.1.5
#   published 5 of 5, handled 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "events"
version = "0.0.0"
edition = "2024"

[dependencies]
anycms-event = "=0.1.5"
tokio = { version = "=1.54.1", features = ["macros", "rt", "time"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anycms_event::{Event, EventBus};

#[derive(Debug, Clone)]
struct ToolCalled(u32);

impl Event for ToolCalled {
    fn event_name() -> &'static str {
        "tool_called"
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    std::panic::set_hook(Box::new(|_| {})); // the panic is meant
    let bus = EventBus::new();
    let handled = Arc::new(AtomicU32::new(0));
    let count = handled.clone();
    let handler = move |event: ToolCalled| {
        let count = count.clone();
        async move {
            assert!(event.0 != 2, "an unusual event");
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    };
    let _guard = bus.subscribe(handler).await.unwrap();
    let mut published = 0;
    for number in 1..=5 {
        published += u32::from(bus.publish(ToolCalled(number)).await.is_ok());
        // The handler is a task of this thread: it has time to finish.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let handled = handled.load(Ordering::Relaxed);
    println!("published {published} of 5, handled {handled}");
    let described = published == 5 && handled == 1;
    println!("{}", if described { "as described" } else { "NOT as described" });
    std::process::exit(i32::from(!described));
}
RUST
cargo fetch --quiet
grep -A1 '^name = "anycms-event"$' Cargo.lock | tail -1 | sed 's/version = "\(.*\)"/anycms-event \1/'
CARGO_TARGET_DIR=target cargo run --quiet
