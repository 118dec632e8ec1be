//! Small programs under loom: every interleaving of their threads, up to a number of preemptions.
//! `cargo xtask models` runs them; `--exhaustive` removes the bound.
//!
//! Each model has a failpoint that it must catch: [`failpoints_are_caught`] runs it again with that
//! failpoint switched on, in a child, because a deadlock that loom finds ends the process.
#![cfg(bus_loom)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod deliveries;
mod groups;
mod permits;
mod streams;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bus_core::EventBus;
use bus_model::Step;

/// A model and the failpoint that it must catch.
const FAULTS: &[(&str, &str)] = &[
    ("deliveries::publishers_agree_on_one_order", "step_in_two"),
    ("deliveries::a_subscription_that_looks_back_misses_nothing", "entry_in_two"),
    ("deliveries::waiting_events_at_the_end_of_a_subscription_are_counted", "drop_uncounted"),
    ("deliveries::nothing_is_published_after_close", "closed_unasked"),
    ("streams::a_wait_is_woken", "reader_unwoken"),
    ("streams::a_wait_ends_with_the_bus", "end_unwoken"),
    ("streams::a_stream_reports_every_gap", "gap_unreported"),
    ("streams::a_stream_that_closes_when_full_ends_after_its_queue", "reader_unwoken"),
    ("streams::a_ring_reader_is_woken", "reader_unwoken"),
    ("streams::a_waiting_ring_reader_gets_the_end", "reader_unwoken"),
    ("streams::a_waiting_ring_reader_gets_the_end", "ring_unclosed"),
    ("streams::a_ring_reader_gets_each_event_or_gap_once", "gap_unreported"),
    ("streams::a_ring_reader_gets_each_event_or_gap_once", "cursor_unasked"),
    ("streams::an_ended_ring_reader_has_read_all_but_the_dropped_events", "cursor_unasked"),
    ("streams::a_ring_reader_keeps_its_unread_events", "cursor_unasked"),
    ("deliveries::a_receipt_is_completed", "receipt_unwoken"),
    ("deliveries::a_receipt_is_completed", "next_lost"),
    ("deliveries::a_dropped_receipt_is_freed", "step_in_two"),
    ("deliveries::a_publisher_that_waits_for_capacity_goes_on", "sender_unwoken"),
    ("deliveries::a_permit_is_passed_on", "permit_kept"),
    ("deliveries::a_ring_is_deferred", "ring_waited_for"),
    ("deliveries::a_task_takes_the_next_event", "task_unwoken"),
    ("groups::a_group_has_one_order", "step_in_two"),
    ("groups::a_member_that_joins_a_running_group_gets_later_events", "past_unskipped"),
    ("groups::a_member_that_joins_a_running_group_gets_later_events", "cohort_uncounted"),
    ("groups::a_member_that_leaves_a_running_group_is_freed", "member_unswept"),
    ("permits::a_blocked_thread_gives_the_permits_below_it_back", "permit_unreturned"),
    ("permits::a_permit_that_was_given_back_is_taken_as_a_debt", "debt_forgotten"),
    ("groups::an_event_for_a_running_group_reaches_all", "next_lost"),
    ("groups::a_member_that_leaves_keeps_waiting_events_for_the_others", "leaver_unsettled"),
    ("groups::a_member_that_leaves_is_counted", "leaver_uncounted"),
];

/// Runs a program in every interleaving, and prints their number and whether they were all.
/// `BUS_EXHAUSTIVE` removes the bound on preemptions and sets the seconds of each model.
fn explore(name: &str, program: impl Fn() + Send + Sync + 'static) {
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 50_000;
    let exhaustive = std::env::var("BUS_EXHAUSTIVE").ok();
    let seconds = exhaustive.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    builder.preemption_bound = if seconds.is_none() { Some(3) } else { None };
    builder.max_duration = seconds;
    let began = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        program();
    });
    let which = match seconds {
        None => "of at most 3 preemptions: all",
        Some(seconds) if began.elapsed() < seconds => "of any number of preemptions: all",
        Some(_) => "of any number of preemptions: as many as there was time for",
    };
    println!("{name}: {} interleavings {which}", seen.load(Ordering::Relaxed));
}

fn bus() -> EventBus {
    EventBus::builder().history(4).max_concurrent_handlers(1).build().unwrap()
}

fn send(bus: &EventBus, n: u64) -> bus_core::Sent {
    bus.stream("desk").emit(Step::new(n, 0)).send()
}

/// A sync handler that records the seqs of its events.
fn recorder(bus: &EventBus) -> Arc<Mutex<Vec<u64>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    bus.subscribe::<Step>().handle_sync(move |event| kept.lock().unwrap().push(event.seq())).detach();
    seen
}

fn accounts(bus: &EventBus) {
    bus_model::check_accounts(&bus.stats()).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn failpoints_are_caught() {
    if std::env::var_os("BUS_FAULT").is_some() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    let listed = std::process::Command::new(&own).arg("--list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for model in
        listed.lines().filter_map(|line| line.strip_suffix(": test")).filter(|name| name.contains("::"))
    {
        assert!(FAULTS.iter().any(|(sees, _)| *sees == model), "`{model}` has no fault to catch");
    }
    for (model, fault) in FAULTS {
        let child = std::process::Command::new(&own)
            .args(["--exact", model])
            .env_remove("BUS_EXHAUSTIVE")
            .env("BUS_FAULT", fault)
            .output()
            .unwrap();
        assert!(!child.status.success(), "`{model}` does not see the fault `{fault}`");
        println!("{fault}: caught by {model}");
    }
}
