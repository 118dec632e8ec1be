//! An emit inside a handler knows what caused it; a chain that is too deep is refused, and said.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, AnyEvent, Event, Refused};
use common::{Notes, log, settle, trial};

#[derive(AgentEvent)]
enum Cause {
    Cough { n: u64 },
    Sneeze { n: u64 },
}

#[test]
fn what_a_handler_emits_is_caused_by_what_it_handles() {
    trial().run(async |bus, _| {
        let (inner, outer) = (bus.stream("inner"), bus.stream("inner"));
        let _sync =
            bus.subscribe::<Cough>().handle_sync(move |event| drop(inner.emit_sneeze(event.n).send()));
        let _own = bus.subscribe::<Cough>().handle(move |event: Event<Cough>| {
            let outer = outer.clone();
            async move {
                tokio::task::yield_now().await;
                outer.emit_sneeze(event.n + 1).await;
                outer.emit_dynamic("vendor_kind", serde_json::json!({})).await;
            }
        });
        let id = bus.stream("desk").emit_cough(1_u64).await.id();
        let caused: Vec<_> =
            bus.history().stream("inner").collect().iter().map(AnyEvent::causation).collect();
        assert_eq!(caused, [id; 3]);
        assert_eq!(bus.history().stream("desk").collect()[0].causation(), None);
        bus.stream("inner").emit_sneeze(9_u64).await;
        assert_eq!(bus.history().collect()[0].causation(), None, "outside the handler again");
    });
}

#[test]
fn work_that_a_handler_spawns_says_what_caused_it() {
    trial().run(async |bus, _| {
        let inner = bus.stream("inner");
        let _guard = bus.subscribe::<Cough>().handle(move |event: Event<Cough>| {
            let (plain, caused) = (inner.clone(), inner.caused_by(&event));
            async move {
                tokio::spawn(async move {
                    plain.emit_sneeze(1_u64).await;
                    caused.emit_sneeze(2_u64).await;
                    caused.emit_sneeze(3_u64).await;
                });
            }
        });
        let id = bus.stream("desk").emit_cough(0_u64).await.id();
        settle().await;
        let caused: Vec<_> = bus
            .history()
            .kinds(["sneeze"])
            .oldest_first()
            .collect()
            .iter()
            .map(AnyEvent::causation)
            .collect();
        assert_eq!(caused, [None, id, id]);
    });
}

#[test]
fn an_emit_made_in_a_handler_keeps_its_cause_wherever_it_is_awaited() {
    trial().run(async |bus, _| {
        let inner = bus.stream("inner");
        let _guard = bus.subscribe::<Cough>().handle_sync(move |event| {
            let emit = inner.emit_sneeze(event.n);
            tokio::spawn(emit.into_future());
        });
        let id = bus.stream("desk").emit_cough(0_u64).await.id();
        settle().await;
        assert_eq!(bus.history().kinds(["sneeze"]).collect()[0].causation(), id);
    });
}

#[test]
fn a_chain_deeper_than_the_limit_is_refused_in_receipt_stats_and_log() {
    log::collect();
    for limit in [64, 3] {
        let settings =
            move |bus: bus_core::EventBusBuilder| if limit == 64 { bus } else { bus.chain_limit(limit) };
        trial().with(settings).run(async move |bus, _| {
            let (there, back, refused) = (bus.stream("desk"), bus.stream("desk"), Notes::<Refused>::new());
            let notes = refused.clone();
            let _ping = bus.subscribe::<Cough>().handle(move |event: Event<Cough>| {
                let (there, notes) = (there.clone(), notes.clone());
                async move {
                    if let Some(why) = there.emit_sneeze(event.n + 1).await.refused() {
                        notes.add(why.clone());
                    }
                }
            });
            let notes = refused.clone();
            let _pong = bus.subscribe::<Sneeze>().handle_sync(move |event| {
                if let Some(why) = back.emit_cough(event.n + 1).send().receipt().refused() {
                    notes.add(why.clone());
                }
            });
            bus.stream("desk").emit_cough(0_u64).await;
            settle().await;
            // The first event has depth 0, and `limit` more follow from it.
            let stats = bus.stats();
            assert_eq!((stats.published_total, stats.refused), (u64::from(limit) + 1, 1));
            let [Refused::ChainTooDeep { chain, limit: told }] = &refused.all()[..] else {
                unreachable!("refused once: {:?}", refused.all())
            };
            assert_eq!((chain.len(), *told), (limit as usize + 2, limit));
            assert_eq!((chain[0].as_str(), chain[1].as_str()), ("cough", "sneeze"));
            let words = format!("more than {limit} events");
            assert_eq!(log::lines(&["ERROR", &words, "cough -> sneeze", "chain_limit"]).len(), 1);
        });
    }
}
