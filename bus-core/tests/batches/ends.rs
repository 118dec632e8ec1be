//! A subscription, a bus or a runtime that ends during a call.

use std::time::Duration;

use bus_core::Outcome;

use crate::common::{self, settle, trial};
use crate::{LoadEmit, gated};

#[test]
fn a_subscription_that_ends_during_a_call_finishes_it_and_drops_what_waits() {
    trial().run(async |bus, _| {
        let (calls, gate) = gated(&bus, 2);
        let sent: Vec<_> = (0..3_u64).map(|n| bus.stream("desk").emit_work(n).send()).collect();
        settle().await;
        let id = bus.stats().subscription("gated").unwrap().id;
        assert!(bus.unsubscribe(id));
        gate.add_permits(1);
        let mut handled = Vec::new();
        for sent in sent {
            handled.push(sent.finished().await.handled());
        }
        assert_eq!((handled, calls.all()), (vec![1, 1, 0], vec![vec![0, 1]]));
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (3, 2, 1));
    });
}

#[test]
fn close_reports_the_events_of_the_call_and_those_that_wait() {
    trial().run(async |bus, _| {
        let (_, gate) = gated(&bus, 2);
        let sent: Vec<_> = (0..5_u64).map(|n| bus.stream("desk").emit_work(n).send()).collect();
        settle().await;
        let report = bus.close(Duration::ZERO).await;
        assert_eq!((report.left[0].running, report.left[0].waiting), (2, 3));
        gate.add_permits(1);
        for (n, sent) in sent.into_iter().enumerate() {
            assert_eq!(sent.finished().await.handled(), usize::from(n < 2));
        }
    });
}

#[test]
fn a_dropped_emit_loses_nothing_and_a_dropped_runtime_drops_the_whole_call() {
    trial().run(async |bus, _| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (calls, gate) = {
            let _inside = runtime.enter();
            gated(&bus, 10)
        };
        let desk = bus.stream("desk");
        drop(common::poll_once(desk.emit_work(0_u64)));
        while calls.all().is_empty() {
            tokio::task::yield_now().await;
        }
        let sent: Vec<_> = (1..4_u64).map(|n| desk.emit_work(n).send()).collect();
        gate.add_permits(1);
        while calls.all().len() < 2 {
            tokio::task::yield_now().await;
        }
        runtime.shutdown_background();
        for sent in sent {
            let receipt = sent.finished().await;
            assert_eq!(receipt.problems()[0].outcome(), &Outcome::Dropped);
        }
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (4, 1, 3));
    });
}
