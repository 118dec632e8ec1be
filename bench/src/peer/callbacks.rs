//! Peers that call sync handlers.

use bevy_ecs::prelude::{Event as BevyEvent, On, World};
use mod_events::EventDispatcher;

use super::pool;
use crate::load::{Counter, Plain, runtime, text};
use crate::measure::Side;

#[derive(BevyEvent)]
struct Observed {
    text: String,
}

impl mod_events::Event for Plain {
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

pub(crate) fn sync(handlers: usize) -> [Side; 4] {
    [jaeb(handlers), mod_events(handlers), bevy(handlers), pool::sync(handlers)]
}

fn jaeb(handlers: usize) -> Side {
    let (runtime, counter) = (runtime(), Counter::default());
    let bus = runtime.block_on(async {
        let bus = jaeb::EventBus::builder().build().await.expect("jaeb starts");
        for _ in 0..handlers {
            let counter = counter.clone();
            let handler = move |_: &Plain, _: &jaeb::EventBus| -> jaeb::HandlerResult {
                counter.add();
                Ok(())
            };
            drop(bus.subscribe(handler).await.expect("jaeb subscribes"));
        }
        bus
    });
    Side::new("jaeb", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for _ in 0..times {
                bus.publish(Plain::new()).await.expect("jaeb publishes");
            }
        });
        counter.assert_added(before, times * handlers as u64);
    })
}

fn mod_events(handlers: usize) -> Side {
    let (bus, counter) = (EventDispatcher::new(), Counter::default());
    for _ in 0..handlers {
        let counter = counter.clone();
        bus.on(move |_: &Plain| counter.add());
    }
    Side::new("mod-events", move |times| {
        let before = counter.get();
        for _ in 0..times {
            bus.emit(Plain::new());
        }
        counter.assert_added(before, times * handlers as u64);
    })
}

fn bevy(handlers: usize) -> Side {
    let (mut world, counter) = (World::new(), Counter::default());
    for _ in 0..handlers {
        let counter = counter.clone();
        world.add_observer(move |event: On<Observed>| {
            std::hint::black_box(&event.text);
            counter.add();
        });
    }
    Side::new("bevy_ecs observers", move |times| {
        let before = counter.get();
        for _ in 0..times {
            world.trigger(Observed { text: text() });
        }
        counter.assert_added(before, times * handlers as u64);
    })
}
