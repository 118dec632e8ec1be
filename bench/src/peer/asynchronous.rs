//! Peers that run async handlers. If a publish does not wait for them, the publisher runs the
//! runtime until all have counted.

use std::sync::Arc;

use kameo::prelude::{Actor, Context, Message, Spawn};
use kameo_actors::DeliveryStrategy;
use kameo_actors::pubsub::PubSub;
use mod_events::EventDispatcher;

use super::pool;
use crate::load::{Counter, Plain, runtime};
use crate::measure::Side;

pub(crate) fn asynchronous(handlers: usize, yields: bool) -> [Side; 6] {
    let sides = [
        jaeb(handlers, yields),
        tokio_events(handlers, yields),
        mod_events(handlers, yields),
        kameo(handlers, yields),
        anycms_event(handlers, yields),
        pool::asynchronous(handlers, yields),
    ];
    sides.map(|side| side.per(handlers))
}

pub(super) async fn work(counter: &Counter, yields: bool) {
    if yields {
        tokio::task::yield_now().await;
    }
    counter.add();
}

fn jaeb(handlers: usize, yields: bool) -> Side {
    let (runtime, counter) = (runtime(), Counter::default());
    let bus = runtime.block_on(async {
        let bus = jaeb::EventBus::builder().max_concurrent_async(10).build().await.expect("jaeb starts");
        for _ in 0..handlers {
            let counter = counter.clone();
            let handler = move |_: Arc<Plain>, _: jaeb::EventBus| {
                let counter = counter.clone();
                async move {
                    work(&counter, yields).await;
                    jaeb::HandlerResult::Ok(())
                }
            };
            drop(bus.subscribe(handler).await.expect("jaeb subscribes"));
        }
        bus
    });
    Side::new("jaeb", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for done in 1..=times {
                bus.publish(Arc::new(Plain::new())).await.expect("jaeb publishes");
                counter.reaches(before + done * handlers as u64).await;
            }
        });
        counter.assert_added(before, times * handlers as u64);
    })
}

impl tokio_events::Event for Shared {
    fn event_type() -> &'static str {
        "plain"
    }
    fn serialize_event(&self) -> tokio_events::Result<Vec<u8>> {
        Ok(self.0.text.clone().into_bytes())
    }
    fn deserialize_event(bytes: &[u8]) -> tokio_events::Result<Self> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Ok(Self(Arc::new(Plain { text })))
    }
}

/// The payload behind one reference, for peers that clone it for each handler.
#[derive(Clone, Debug)]
struct Shared(Arc<Plain>);

fn tokio_events(handlers: usize, yields: bool) -> Side {
    let (runtime, counter) = (runtime(), Counter::default());
    let (bus, subscriptions) = runtime.block_on(async {
        let bus = tokio_events::EventBusBuilder::new().build().await.expect("tokio-events starts");
        let mut subscriptions = Vec::new();
        for _ in 0..handlers {
            let counter = counter.clone();
            let handler = move |_: Shared| {
                let counter = counter.clone();
                async move { work(&counter, yields).await }
            };
            subscriptions.push(bus.subscribe(handler).await.expect("tokio-events subscribes"));
        }
        (bus, subscriptions)
    });
    Side::new("tokio-events", move |times| {
        let _kept = &subscriptions;
        let before = counter.get();
        runtime.block_on(async {
            for done in 1..=times {
                bus.publish(Shared(Arc::new(Plain::new()))).await.expect("tokio-events publishes");
                counter.reaches(before + done * handlers as u64).await;
            }
        });
        counter.assert_added(before, times * handlers as u64);
    })
}

impl anycms_event::Event for Shared {
    fn event_name() -> &'static str {
        "plain"
    }
}

fn anycms_event(handlers: usize, yields: bool) -> Side {
    let (runtime, counter) = (runtime(), Counter::default());
    let bus = anycms_event::EventBus::new();
    runtime.block_on(async {
        for _ in 0..handlers {
            let counter = counter.clone();
            let handler = move |_: Shared| {
                let counter = counter.clone();
                async move {
                    work(&counter, yields).await;
                    Ok(())
                }
            };
            bus.subscribe(handler).await.expect("anycms-event subscribes");
        }
    });
    Side::new("anycms-event", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for done in 1..=times {
                bus.publish(Shared(Arc::new(Plain::new()))).await.expect("anycms-event publishes");
                counter.reaches(before + done * handlers as u64).await;
            }
        });
        counter.assert_added(before, times * handlers as u64);
    })
}

fn mod_events(handlers: usize, yields: bool) -> Side {
    let (runtime, bus, counter) = (runtime(), EventDispatcher::new(), Counter::default());
    for _ in 0..handlers {
        let counter = counter.clone();
        bus.subscribe_async(move |_: &Plain| {
            let counter = counter.clone();
            async move {
                work(&counter, yields).await;
                Ok(())
            }
        });
    }
    Side::new("mod-events", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for _ in 0..times {
                let result = bus.dispatch_async(Plain::new()).await;
                assert!(result.all_succeeded());
            }
        });
        counter.assert_added(before, times * handlers as u64);
    })
}

#[derive(Actor)]
struct Counting {
    counter: Counter,
    yields: bool,
}

impl Message<Arc<Plain>> for Counting {
    type Reply = ();

    async fn handle(&mut self, _: Arc<Plain>, _: &mut Context<Self, ()>) {
        work(&self.counter, self.yields).await;
    }
}

fn kameo(handlers: usize, yields: bool) -> Side {
    let (runtime, counter) = (runtime(), Counter::default());
    let mut topic = PubSub::new(DeliveryStrategy::Guaranteed);
    runtime.block_on(async {
        for _ in 0..handlers {
            topic.subscribe(Counting::spawn(Counting { counter: counter.clone(), yields }));
        }
    });
    Side::new("kameo PubSub", move |times| {
        let before = counter.get();
        runtime.block_on(async {
            for done in 1..=times {
                topic.publish(Arc::new(Plain::new())).await;
                counter.reaches(before + done * handlers as u64).await;
            }
        });
        counter.assert_added(before, times * handlers as u64);
    })
}
