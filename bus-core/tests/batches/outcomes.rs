//! The outcome of each event of a call.

use std::sync::Arc;
use std::time::Duration;

use bus_core::{Batch, BatchError, BoxError, Outcome};

use crate::common::{Notes, all_done, log, trial};
use crate::{LoadEmit, Other, Work, outcomes};

#[test]
fn an_error_of_all_or_of_some_is_the_outcome_of_those() {
    let failed = |text: &str| Outcome::Failed(text.to_owned());
    trial().run(async move |bus, _| {
        let guard = bus
            .subscribe::<Work>()
            .name("all")
            .batch(4)
            .handle(async |_| Err::<(), _>(BatchError::all("disk full")));
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| failed("disk full")));
        assert_eq!(bus.stats().subscription("all").unwrap().counts.failed, 4);
        drop(guard);
        let guard = bus.subscribe::<Work>().name("some").batch(4).handle(async |events| {
            assert_eq!(events.len(), 4);
            Err::<(), _>(BatchError::some([(3, "late"), (1, "odd")]))
        });
        assert_eq!(outcomes(&bus).await, [Outcome::Handled, failed("odd"), Outcome::Handled, failed("late")]);
        let counts = bus.stats().subscription("some").unwrap().counts;
        assert_eq!((counts.handled, counts.failed), (2, 2));
        drop(guard);
        let guard = bus
            .subscribe::<Work>()
            .batch(4)
            .handle(async |_| Err::<(), _>(BatchError::some(Vec::<(usize, BoxError)>::new())));
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| Outcome::Handled));
        drop(guard);
        let _guard = bus
            .subscribe::<Work>()
            .batch(4)
            .handle(async |_| Err::<(), _>(BatchError::some([(0, "seen"), (4, "who")])));
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| failed("event 4 of a batch of 4: who")));
    });
}

#[test]
fn a_question_mark_makes_any_error_one_of_all_events() {
    async fn store(events: Batch<Work>) -> Result<(), BatchError> {
        let _: u8 = format!("{}", events.len() * 100).parse()?;
        Ok(())
    }
    trial().run(async |bus, _| {
        let _guard = bus.subscribe::<Work>().batch(4).handle(store);
        let too_large = Outcome::Failed("number too large to fit in target type".to_owned());
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| too_large.clone()));
    });
}

#[test]
fn a_panic_is_the_outcome_of_each_event_and_the_subscription_goes_on() {
    trial().run(async |bus, _| {
        let handler = async |events: Batch<Work>| {
            assert!(events[0].n > 0, "on purpose");
            tokio::task::yield_now().await;
        };
        let _guard = bus.subscribe::<Work>().name("store").batch(4).handle(handler);
        for outcome in outcomes(&bus).await {
            assert!(matches!(outcome, Outcome::Panicked(text) if text.contains("on purpose")));
        }
        assert_eq!(bus.stream("desk").emit_work(1_u64).await.handled(), 1);
        let _sync = bus.subscribe::<Other>().batch(4).handle_sync(|_| panic!("on purpose"));
        let receipt = bus.stream("desk").emit_other(0_u64).await;
        assert_eq!(receipt.problems()[0].outcome(), &Outcome::Panicked("on purpose".to_owned()));
    });
}

#[test]
fn an_awaited_emit_that_is_polled_in_place_has_the_outcome_in_its_receipt() {
    trial().run(async |bus, _| {
        let _panics = bus.subscribe::<Work>().name("panics").batch(4).handle(async |_| panic!("on purpose"));
        let _fails = bus
            .subscribe::<Work>()
            .name("fails")
            .batch(4)
            .handle(async |events| Err::<(), _>(BatchError::some([(events.len() - 1, "odd")])));
        let _waits = bus.subscribe::<Work>().batch(4).handle(async |_| tokio::task::yield_now().await);
        let receipt = bus.stream("desk").emit_work(0_u64).await;
        let names: Vec<_> = receipt.problems().iter().map(bus_core::Problem::name).collect();
        assert_eq!((receipt.handled(), names), (1, vec!["panics", "fails"]));
    });
}

#[test]
fn a_time_out_is_the_outcome_of_each_event() {
    trial().paused().run(async |bus, _| {
        let slow = bus.subscribe::<Work>().timeout(Duration::from_secs(1)).batch(4);
        let _guard = slow.handle(async |_| std::future::pending::<()>().await);
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| Outcome::TimedOut));
        all_done(&bus).await;
    });
}

#[test]
fn an_observer_sees_each_event_of_a_call_with_its_outcome() {
    struct Seen(Notes<(u64, bool)>);
    impl bus_core::Observer for Seen {
        fn handler_done(&self, done: &bus_core::HandlerDone<'_>) {
            self.0.add((done.event.seq(), *done.outcome == Outcome::Handled));
        }
    }
    let seen = Notes::new();
    let observer = Arc::new(Seen(seen.clone()));
    trial().with(|bus| bus.observe(observer)).run(async move |bus, _| {
        let _guard =
            bus.subscribe::<Work>().batch(4).handle(async |_| Err::<(), _>(BatchError::some([(1, "odd")])));
        outcomes(&bus).await;
        assert_eq!(seen.all(), [(1, true), (2, false), (3, true), (4, true)]);
    });
}

#[test]
fn a_call_that_fails_after_its_subscription_has_ended_is_counted() {
    trial().run(async |bus, _| {
        let work = bus.subscribe::<Work>().name("own").batch(4).with(bus.clone());
        work.handle(async |bus, _| {
            let id = bus.stats().subscription("own").unwrap().id;
            assert!(bus.unsubscribe(id));
            Err::<(), _>(BatchError::some([(2, "odd")]))
        })
        .detach();
        assert_eq!(outcomes(&bus).await[2], Outcome::Failed("odd".to_owned()));
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.failed), (4, 3, 1));
    });
}

#[test]
fn a_batch_that_fails_is_one_line_of_the_log() {
    log::collect();
    trial().run(async |bus, _| {
        let all = bus.subscribe::<Work>().name("whole").batch(4);
        let all = all.handle(async |_| Err::<(), _>(BatchError::all("disk full")));
        outcomes(&bus).await;
        drop(all);
        let some = bus.subscribe::<Work>().name("parts").batch(4);
        let _some = some.handle(async |_| Err::<(), _>(BatchError::some([(3, "late"), (1, "odd")])));
        outcomes(&bus).await;
        let whole = log::lines(&["handler=whole"]);
        assert!(whole.len() == 1 && whole[0].contains("events=4"), "{whole:?}");
        let parts = log::lines(&["handler=parts"]);
        assert!(parts.len() == 1 && parts[0].contains("events=2"), "{parts:?}");
    });
}
