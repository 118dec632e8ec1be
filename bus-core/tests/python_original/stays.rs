//! What the original does that stays true.

use std::sync::Arc;
use std::time::Duration;

use bus_core::{BoxError, Event, SubscriptionId, WaitError};
use tokio::sync::{Barrier, Semaphore, mpsc};
use tokio::task::yield_now;

use crate::common::{Notes, log, settle, trial};
use crate::*;

#[test]
fn a_subscription_is_for_a_set_of_kinds() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<(ExecutionStarted, ExecutionCompleted)>().into_stream();
        let run = bus.stream("desk").execution("run-1").node("planner");
        run.emit_execution_started().await;
        run.emit_tool_call_started("search").await;
        run.emit_execution_completed("42").await;
        let kinds: Vec<_> =
            std::iter::from_fn(|| stream.try_recv()).map(|event| event.unwrap().kind().to_owned()).collect();
        assert_eq!(kinds, ["execution_started", "execution_completed"]);
    });
}

#[test]
fn a_subscription_may_be_narrowed_by_stream_node_and_execution() {
    trial().run(async |bus, _| {
        let seen = Notes::<String>::new();
        let notes = seen.clone();
        let _guard = bus
            .subscribe::<ToolCallStarted>()
            .stream("desk")
            .node("planner")
            .execution("run-1")
            .handle_sync(move |event| notes.add(event.tool_name.clone()));
        for (stream, node, run) in [
            ("desk", "planner", "run-1"),
            ("other", "planner", "run-1"),
            ("desk", "writer", "run-1"),
            ("desk", "planner", "run-2"),
        ] {
            let tool = format!("{stream} {node} {run}");
            bus.stream(stream).node(node).execution(run).emit_tool_call_started(tool).await;
        }
        bus.stream("desk").node("planner").emit_tool_call_started("no execution").await;
        assert_eq!(seen.all(), ["desk planner run-1"]);
    });
}

#[test]
fn a_subscription_yields_an_id_and_unsubscribing_says_whether_it_was_there() {
    trial().run(async |bus, _| {
        let seen = Notes::<SubscriptionId>::new();
        let notes = seen.clone();
        let guard =
            bus.subscribe::<Ticked>().handle_sync(move |event| notes.add(event.subscription().unwrap()));
        let id = guard.id();
        bus.stream("desk").emit_ticked(1_u64).await;
        assert!(bus.unsubscribe(id));
        assert!(!bus.unsubscribe(id), "it is gone");
        assert_eq!(bus.stream("desk").emit_ticked(2_u64).await.reached(), 0);
        assert_eq!(seen.all(), [id]);
    });
}

#[test]
fn publishing_records_the_event_then_runs_every_matching_handler_and_returns_when_all_are_done() {
    trial().run(async |bus, _| {
        let done = Notes::<usize>::new();
        for turns in [0_usize, 1, 5] {
            let (notes, asked) = (done.clone(), bus.clone());
            let handler = move |event: Event<Ticked>| {
                let (notes, asked) = (notes.clone(), asked.clone());
                async move {
                    assert_eq!(
                        asked.history().collect()[0].id(),
                        event.id(),
                        "recorded before it is handled"
                    );
                    for _ in 0..turns {
                        yield_now().await;
                    }
                    notes.add(turns);
                }
            };
            bus.subscribe::<Ticked>().handle(handler).detach();
        }
        let receipt = bus.stream("desk").emit_ticked(1_u64).await;
        assert_eq!((receipt.handled(), receipt.is_ok()), (3, true));
        assert_eq!(done.all(), [0, 1, 5], "all are done, and none waited for another");
    });
}

#[test]
fn handlers_run_concurrently() {
    trial().run(async |bus, stand| {
        let meeting = Arc::new(Barrier::new(10));
        for _ in 0..10 {
            let meeting = Arc::clone(&meeting);
            let handler = move |_: Event<Ticked>| {
                let meeting = Arc::clone(&meeting);
                async move {
                    meeting.wait().await;
                }
            };
            bus.subscribe::<Ticked>().handle(handler).detach();
        }
        stand.at("ten handlers that wait for each other");
        assert_eq!(bus.stream("desk").emit_ticked(1_u64).await.handled(), 10);
    });
}

#[test]
fn at_most_ten_handlers_run_at_once() {
    trial().run(async |bus, _| {
        let (gate, (began, mut beginnings)) = (Arc::new(Semaphore::new(0)), mpsc::unbounded_channel());
        for _ in 0..25 {
            let (gate, began) = (Arc::clone(&gate), began.clone());
            let handler = move |_: Event<Ticked>| {
                let (gate, began) = (Arc::clone(&gate), began.clone());
                async move {
                    began.send(()).unwrap();
                    gate.acquire().await.unwrap().forget();
                }
            };
            bus.subscribe::<Ticked>().handle(handler).detach();
        }
        let sent = bus.stream("desk").emit_ticked(1_u64).send();
        settle().await;
        assert_eq!(beginnings.len(), 10);
        gate.add_permits(1);
        settle().await;
        assert_eq!(beginnings.len(), 11, "one ended, one more began");
        gate.add_permits(24);
        assert_eq!(sent.finished().await.handled(), 25);
        beginnings.close();
    });
}

#[test]
fn an_error_of_a_handler_is_logged_and_harms_nobody() {
    log::collect();
    trial().run(async |bus, _| {
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let fails = async |_: Event<Ticked>| -> Result<(), BoxError> { Err("no paper left".into()) };
        let _fails = bus.subscribe::<Ticked>().name("printer of the desk").handle(fails);
        let _other = bus.subscribe::<Ticked>().handle_sync(move |event| notes.add(event.n));
        for n in 0..2 {
            assert_eq!(bus.stream("desk").emit_ticked(n).await.handled(), 1);
        }
        assert_eq!(seen.all(), [0, 1]);
        let lines = log::lines(&["ERROR", "printer of the desk", "ticked", "no paper left"]);
        assert_eq!(lines.len(), 2, "{lines:?}");
    });
}

#[test]
fn history_holds_the_last_thousand_and_is_asked_newest_first_a_hundred_at_a_time() {
    trial().run(async |bus, _| {
        for n in 1..=1_100 {
            let stream = if n % 2 == 0 { "even" } else { "odd" };
            bus.stream(stream).execution(format!("run-{}", n % 5)).emit_ticked(n).await;
        }
        bus.stream("odd").execution("run-0").emit_execution_started().await;
        let seqs = |events: Vec<bus_core::AnyEvent>| events.iter().map(Event::seq).collect::<Vec<_>>();
        assert_eq!(seqs(bus.history().collect()), (1_002..=1_101).rev().collect::<Vec<_>>());
        assert_eq!(seqs(bus.history().limit(5_000).collect()), (102..=1_101).rev().collect::<Vec<_>>());
        let narrowed = bus.history().kinds(["ticked"]).stream("odd").execution("run-0").limit(3).collect();
        assert_eq!(seqs(narrowed), [1_095, 1_085, 1_075]);
    });
}

#[test]
fn stats_count_the_events_in_history_all_and_by_kind_and_the_subscriptions() {
    trial().with(|bus| bus.history(4)).run(async |bus, _| {
        let _guard = bus.subscribe::<Ticked>().handle_sync(|_| {});
        let _stream = bus.subscribe_any().into_stream();
        let run = bus.stream("desk").execution("run-1");
        for n in 0..3 {
            run.emit_ticked(n).await;
        }
        run.emit_execution_started().await;
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.subscriptions.len()), (4, 2));
        assert_eq!(stats.published, [("execution_started".into(), 1), ("ticked".into(), 3)].into());
        // The stats by kind go on counting; what is still held of a kind is asked of history.
        run.emit_execution_started().await;
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.evicted, stats.published["ticked"]), (4, 1, 3));
        assert_eq!(bus.history().kinds(["ticked"]).limit(usize::MAX).collect().len(), 2);
    });
}

#[test]
fn waiting_takes_a_kind_three_filters_and_a_timeout_and_yields_nothing_on_timeout() {
    trial().paused().run(async |bus, _| {
        let wait = || {
            let wanted = bus.subscribe::<ToolCallStarted>().stream("desk").node("planner").execution("run-1");
            wanted.first().timeout(Duration::from_secs(3))
        };
        let (answered, in_vain) = (wait(), wait());
        let here = bus.stream("desk").node("planner").execution("run-1");
        here.node("writer").emit_tool_call_started("wrong node").await;
        here.emit_llm_text_delta("wrong kind").await;
        let began = tokio::time::Instant::now();
        assert_eq!(wait().await.unwrap_err(), WaitError::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 3);
        drop(in_vain);
        here.emit_tool_call_started("search").await;
        assert_eq!(answered.await.unwrap().tool_name, "search");
    });
}
