//! abxbus, whose handlers run on threads of a pool that belongs to the process: the elapsed time
//! counts, and not that of one thread.

use std::time::Instant;

use abxbus::event_bus::{EventBus, EventBusOptions};
use abxbus::types::EventHandlerConcurrencyMode;
use serde_json::Value;

use super::asynchronous::work;
use crate::load::{Counter, runtime, text};
use crate::measure::Side;

abxbus::event! {
    struct Spoken {
        text: String,
        event_result_type: serde_json::Value,
    }
}

pub(crate) fn sync(handlers: usize) -> Side {
    side(handlers, EventHandlerConcurrencyMode::Serial, |bus, counter| {
        bus.on_raw_sync("Spoken", "count", move |_| {
            counter.add();
            Ok(Value::Null)
        });
    })
}

/// All handlers of an event at once, as in the other buses; its default is one after the other.
pub(crate) fn asynchronous(handlers: usize, yields: bool) -> Side {
    side(handlers, EventHandlerConcurrencyMode::Parallel, move |bus, counter| {
        bus.on(Spoken, move |_: Spoken| {
            let counter = counter.clone();
            async move {
                work(&counter, yields).await;
                Ok(Value::Null)
            }
        });
    })
}

/// Each run makes a bus of its own and destroys it, because every bus of the process is woken by
/// the handlers of the others. The option makes the history drop its oldest event; without it,
/// `emit` panics at the hundred and first.
fn side(
    handlers: usize,
    event_handler_concurrency: EventHandlerConcurrencyMode,
    subscribe: impl Fn(&EventBus, Counter) + 'static,
) -> Side {
    let runtime = runtime();
    let options =
        EventBusOptions { max_history_drop: true, event_handler_concurrency, ..EventBusOptions::default() };
    Side::timed("abxbus", move |times| {
        let (bus, counter) = (EventBus::new_with_options(None, options.clone()), Counter::default());
        (0..handlers).for_each(|_| subscribe(&bus, counter.clone()));
        let begun = Instant::now();
        runtime.block_on(async {
            for _ in 0..times {
                let emitted = bus.emit(Spoken { text: text(), ..Spoken::default() });
                emitted.now().await.expect("abxbus runs its handlers");
            }
        });
        let taken = begun.elapsed();
        counter.assert_added(0, times * handlers as u64);
        bus.destroy();
        taken
    })
}
