//! The watchdog of the other tests: it finds a hang, and reports its steps and the state of the
//! bus.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, Event};
use common::{HANGS, child, trial};

#[derive(AgentEvent)]
enum Dog {
    Bark { n: u64 },
}

/// Runs a test that hangs in a child; returns the output of the child.
fn output_of(test: &str) -> String {
    let output = child::run(test, &[(HANGS, "1")]);
    assert!(!output.status.success());
    child::text(&output)
}

#[test]
fn a_future_that_is_never_ready_is_reported() {
    if std::env::var_os(HANGS).is_none() {
        let output = output_of("a_future_that_is_never_ready_is_reported");
        assert!(output.contains("last steps: the first bark, then the second bark;"), "{output}");
        assert!(
            output.contains("\"name\":\"deaf\"") && output.contains("\"running\":1,\"waiting\":1"),
            "{output}"
        );
        return;
    }
    trial().run(async |bus, steps| {
        bus.subscribe::<Bark>().name("deaf").handle(|_: Event<Bark>| std::future::pending::<()>()).detach();
        steps.at("the first bark");
        drop(bus.stream("yard").emit_bark(1_u64).send());
        steps.at("the second bark");
        bus.stream("yard").emit_bark(2_u64).await;
    });
}

#[test]
fn a_blocked_thread_is_reported() {
    if std::env::var_os(HANGS).is_none() {
        let output = output_of("a_blocked_thread_is_reported");
        assert!(
            output.contains("last steps: the bark;") && output.contains("\"published\":{\"bark\":1}"),
            "{output}"
        );
        return;
    }
    trial().run(async |bus, steps| {
        let guard = bus.subscribe::<Bark>().handle_sync(|event| {
            let mut bark = event.n;
            while bark > 0 {
                std::thread::park();
                bark = event.n;
            }
        });
        steps.at("the bark");
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
