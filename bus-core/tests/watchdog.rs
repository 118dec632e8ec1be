//! What the other tests rely on: a hang is found, and told with the place where it stood and what the bus was at.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, Event};
use common::{HANGS, child, trial};

#[derive(AgentEvent)]
enum Dog {
    Bark { n: u64 },
}

/// Runs a test that hangs in a child; gives what the child said.
fn told(test: &str) -> String {
    let output = child::run(test, &[(HANGS, "1")]);
    assert!(!output.status.success());
    child::text(&output)
}

#[test]
fn a_future_that_is_never_ready_is_told() {
    if std::env::var_os(HANGS).is_none() {
        let told = told("a_future_that_is_never_ready_is_told");
        assert!(told.contains("it stood at the first bark, then the second bark;"), "{told}");
        assert!(told.contains("\"name\":\"deaf\"") && told.contains("\"running\":1,\"waiting\":1"), "{told}");
        return;
    }
    trial().run(async |bus, stand| {
        bus.subscribe::<Bark>().name("deaf").handle(|_: Event<Bark>| std::future::pending::<()>()).detach();
        stand.at("the first bark");
        drop(bus.stream("yard").emit_bark(1_u64).send());
        stand.at("the second bark");
        bus.stream("yard").emit_bark(2_u64).await;
    });
}

#[test]
fn a_thread_that_stands_is_told() {
    if std::env::var_os(HANGS).is_none() {
        let told = told("a_thread_that_stands_is_told");
        assert!(
            told.contains("it stood at the bark;") && told.contains("\"published\":{\"bark\":1}"),
            "{told}"
        );
        return;
    }
    trial().run(async |bus, stand| {
        let guard = bus.subscribe::<Bark>().handle_sync(|event| {
            let mut bark = event.n;
            while bark > 0 {
                std::thread::park();
                bark = event.n;
            }
        });
        stand.at("the bark");
        drop(bus.stream("yard").emit_bark(1_u64).send());
        drop(guard);
    });
}

#[test]
fn a_test_in_a_child_fails_with_it() {
    let body = || {};
    assert_eq!(child::test_of(&body), "a_test_in_a_child_fails_with_it");
    assert!(!child::run("no_such_test", &[("RUST_TEST_THREADS", "zero")]).status.success());
}
