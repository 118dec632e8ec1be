//! A runtime, a thread or a bus that ends in the middle of its work. Each test runs in a child with
//! a watchdog that prints its steps.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bus_core::EventBus;
use bus_model::Step;

static STANDS: Mutex<&str> = Mutex::new("begins");

fn stands(at: &'static str) {
    *STANDS.lock().unwrap() = at;
}

/// Runs a scenario in a child that may take three minutes: a busy machine needs some of them.
fn cut(name: &str, scenario: fn()) {
    if std::env::var_os("BUS_CUT").is_some() {
        std::thread::spawn(|| {
            // The watchdog: only time shows that the scenario hangs.
            std::thread::sleep(Duration::from_mins(3));
            eprintln!("hangs at: {}", STANDS.lock().unwrap());
            std::process::exit(3);
        });
        return scenario();
    }
    let own = std::env::current_exe().unwrap();
    let child =
        Command::new(own).args(["--exact", name, "--nocapture"]).env("BUS_CUT", "1").output().unwrap();
    let ran = String::from_utf8_lossy(&child.stdout).contains("1 passed");
    let output = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && ran, "{}\n{output}", child.status);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Publishes from two threads until stopped; returns the number of events on the bus.
fn flood(bus: &EventBus, go: &AtomicBool, middle: impl FnOnce()) -> u64 {
    std::thread::scope(|scope| {
        let threads = [1, 2].map(|n| {
            scope.spawn(move || {
                let mut on = 0;
                while go.load(Ordering::Relaxed) {
                    on +=
                        u64::from(bus.stream("desk").emit(Step::new(n, 0)).send().receipt().seq().is_some());
                }
                on
            })
        });
        while bus.stats().published_total < 2_000 {
            std::thread::yield_now();
        }
        middle();
        go.store(false, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// Waits until a handler has no event left: a thread of the bus may still go on with some.
fn drained(bus: &EventBus, name: &str) {
    while bus.stats().subscription(name).is_some_and(|one| one.running + one.waiting > 0) {
        std::thread::yield_now();
    }
}

fn accounts(bus: &EventBus, published: u64, subscriptions: u64) {
    let stats = bus.stats();
    bus_model::check_accounts(&stats).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(stats.published_total, published);
    assert!(bus_model::matched(&stats) <= published * subscriptions);
}

#[test]
fn a_runtime_dropped_under_load_leaves_exact_counts() {
    cut("a_runtime_dropped_under_load_leaves_exact_counts", || {
        let (bus, gone) = (EventBus::new(), runtime());
        {
            let _inside = gone.enter();
            bus.subscribe::<Step>().concurrency(3).handle(|_| tokio::task::yield_now()).detach();
            bus.subscribe::<Step>().handle(|_| std::future::pending::<()>()).detach();
        }
        bus.subscribe::<Step>().name("stays").handle_sync(|_| ()).detach();
        stands("the runtime goes");
        let published =
            flood(&bus, &AtomicBool::new(true), move || gone.shutdown_timeout(Duration::from_secs(5)));
        stands("the flood is over");
        accounts(&bus, published, 3);
        drained(&bus, "stays");
        let stats = bus.stats();
        assert_eq!(stats.subscription("stays").unwrap().counts.handled, published);
        let dead = stats.subscriptions.iter().filter(|one| one.name != "stays" && one.running > 0).count();
        assert_eq!(dead, 0, "nothing is at work where nothing can work: {stats:#?}");
    });
}

#[test]
fn a_close_under_load_reports_unfinished_deliveries() {
    cut("a_close_under_load_reports_unfinished_deliveries", || {
        for deadline in [Duration::ZERO, Duration::from_millis(10), Duration::from_mins(2)] {
            let (bus, work) = (EventBus::new(), runtime());
            let slow = deadline < Duration::from_secs(1);
            {
                let _inside = work.enter();
                bus.subscribe::<Step>().handle(|_| tokio::task::yield_now()).detach();
                if slow {
                    bus.subscribe::<Step>().name("never").handle(|_| std::future::pending::<()>()).detach();
                }
            }
            stands("the bus is closed");
            let mut left = None;
            let published =
                flood(&bus, &AtomicBool::new(true), || left = Some(work.block_on(bus.close(deadline))));
            stands("the flood is over");
            let left = left.unwrap();
            assert_eq!(
                left.left.iter().any(|left| left.name == "never" && left.running + left.waiting > 0),
                slow,
                "{left:?}"
            );
            assert_eq!(left.is_drained(), !slow);
            accounts(&bus, published, 2);
        }
    });
}

#[test]
fn a_thread_that_panics_while_it_publishes_blocks_no_other() {
    cut("a_thread_that_panics_while_it_publishes_blocks_no_other", || {
        std::panic::set_hook(Box::new(|_| ()));
        let bus = EventBus::new();
        bus.subscribe::<Step>().name("stays").handle_sync(|_| ()).detach();
        bus.subscribe::<Step>()
            .filter(|event| event.n != 7 || panic!("in a filter"))
            .handle_sync(|_| ())
            .detach();
        stands("a thread dies in a handler, in a filter and right after its publish");
        let dying = std::thread::scope(|scope| {
            let dying = scope.spawn(|| {
                bus.subscribe::<Step>()
                    .handle_sync(|event| {
                        assert_eq!(event.n, 0, "in a handler");
                    })
                    .detach();
                drop(bus.stream("desk").emit(Step::new(7, 0)).send());
                panic!("the thread itself");
            });
            dying.join()
        });
        assert!(dying.is_err());
        stands("others publish");
        let published = 1 + flood(&bus, &AtomicBool::new(true), || ());
        accounts(&bus, published, 3);
        drained(&bus, "stays");
        assert_eq!(bus.stats().subscription("stays").unwrap().counts.handled, published);
    });
}
