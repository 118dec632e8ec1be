//! An emit inside of a handler has its cause; a chain that is too deep is refused and reported.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, AnyEvent, Event, EventBus, Refused};
use common::{Notes, audited, log, settle, trial};

#[derive(AgentEvent)]
enum Cause {
    Cough { n: u64 },
    Sneeze { n: u64 },
}

#[test]
fn the_emit_of_a_handler_is_caused_by_its_event() {
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
fn work_that_a_handler_spawns_can_name_its_cause() {
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
            // The first event has depth 0, and `limit` more follow.
            let stats = bus.stats();
            assert_eq!((stats.published_total, stats.refused), (u64::from(limit) + 1, 1));
            let [Refused::ChainTooDeep { chain, limit: reported }] = &refused.all()[..] else {
                unreachable!("refused once: {:?}", refused.all())
            };
            assert_eq!((chain.len(), *reported), (limit as usize + 2, limit));
            assert_eq!((chain[0].as_str(), chain[1].as_str()), ("cough", "sneeze"));
            let words = format!("more than {limit} events");
            assert_eq!(log::lines(&["ERROR", &words, "cough -> sneeze", "chain_limit"]).len(), 1);
        });
    }
}

#[test]
fn handlers_that_alternate_on_one_thread_cause_their_own_events() {
    trial().run(async |bus, _| {
        let inner = bus.stream("inner");
        let handler = move |event: Event<Cough>| {
            let inner = inner.clone();
            async move {
                for _ in 0..event.n {
                    tokio::task::yield_now().await;
                    inner.emit_sneeze(event.n).await;
                }
            }
        };
        let _guard = bus.subscribe::<Cough>().concurrency(3).handle(handler);
        let desk = bus.stream("desk");
        let (a, b, c) = tokio::join!(desk.emit_cough(1_u64), desk.emit_cough(2_u64), desk.emit_cough(3_u64));
        let causes = [a, b, c].map(|receipt| receipt.id());
        let sneezes = bus.history().typed::<Sneeze>();
        assert_eq!(sneezes.len(), 6);
        for sneeze in sneezes {
            assert_eq!(sneeze.causation(), causes[usize::try_from(sneeze.n).unwrap() - 1]);
        }
    });
}

#[test]
fn after_a_nested_handler_returns_its_caller_is_the_cause_again() {
    trial().run(async |bus, _| {
        let (inner, below) = (bus.stream("inner"), bus.stream("below"));
        let _below = bus.subscribe::<Sneeze>().stream("inner").handle_sync(move |event| {
            drop(below.emit_sneeze(event.n).send());
        });
        let _guard = bus.subscribe::<Cough>().handle_sync(move |_| {
            drop(inner.emit_sneeze(1_u64).send());
            drop(inner.emit_dynamic("after", serde_json::json!({})).send());
        });
        let id = bus.stream("desk").emit_cough(0_u64).await.id();
        let reported = bus.history().stream("inner").oldest_first().collect();
        assert_eq!([reported[0].causation(), reported[1].causation()], [id, id]);
        assert_eq!(bus.history().stream("below").collect()[0].causation(), Some(reported[0].id()));
    });
}

#[test]
fn a_chain_through_spawned_work_and_through_another_bus_ends_too() {
    trial().with(|bus| bus.chain_limit(5)).run(async |bus, steps| {
        let other = audited(EventBus::builder().chain_limit(5).build().unwrap());
        let (there, back) = (other.stream("there"), bus.stream("back"));
        let refused = Notes::<Refused>::new();
        let (on_the_way, on_the_way_back) = (refused.clone(), refused.clone());
        // One emits from a task of its own, the other inside of its handler.
        let _there = bus.subscribe::<Cough>().handle(move |event: Event<Cough>| {
            let (there, notes) = (there.caused_by(&event), on_the_way.clone());
            async move {
                let spawned = tokio::spawn(async move {
                    there
                        .emit_sneeze(event.n + 1)
                        .await
                        .refused()
                        .into_iter()
                        .for_each(|why| notes.add(why.clone()));
                });
                spawned.await.unwrap();
            }
        });
        let _back = other.subscribe::<Sneeze>().handle(move |event: Event<Sneeze>| {
            let (back, notes) = (back.clone(), on_the_way_back.clone());
            async move {
                back.emit_cough(event.n + 1)
                    .send()
                    .receipt()
                    .refused()
                    .into_iter()
                    .for_each(|why| notes.add(why.clone()));
            }
        });
        steps.at("round and round");
        bus.stream("desk").emit_cough(0_u64).await;
        settle().await;
        let chain = ["cough", "sneeze", "cough", "sneeze", "cough", "sneeze", "cough"].map(str::to_owned);
        assert_eq!(refused.all(), [Refused::ChainTooDeep { chain: chain.into(), limit: 5 }]);
        assert_eq!((bus.stats().published_total, other.stats().published_total), (3, 3));
        // The cause of an event may be an event of another bus.
        let cause = other.history().oldest_first().collect()[0].causation();
        assert_eq!(cause, Some(bus.history().oldest_first().collect()[0].id()));
    });
}

#[test]
fn a_long_chain_is_reported_with_its_beginning_and_its_end() {
    let chain: Vec<_> = (0..40).map(|n| format!("k{n}")).collect();
    let text = Refused::ChainTooDeep { chain, limit: 38 }.to_string();
    assert!(text.contains("k0 -> k1 -> k2 -> k3 -> k4 -> k5 -> ... 29 more ... -> k35"), "{text}");
    assert!(text.contains("-> k39)") && !text.contains("k20"), "{text}");
}
