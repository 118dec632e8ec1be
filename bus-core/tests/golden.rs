//! A clock and a run of one's own make the output of a program the same each time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::{Duration, SystemTime};

use bus_core::testing::{StepClock, TokioClock, builder};
use bus_core::{AgentEvent, BuildError, EventBus};
use common::{ON_PURPOSE, trial};

#[derive(AgentEvent)]
enum Counting {
    Counted { n: u64 },
}

#[test]
fn two_runs_of_a_program_write_the_same_lines() {
    let lines = || {
        let bus = builder().build().unwrap();
        for n in 0..3 {
            drop(bus.stream("desk").emit_counted(n).send());
        }
        drop(bus.stream("desk").emit_dynamic("vendor", serde_json::json!({})).send());
        let all = bus.history().oldest_first().collect();
        all.iter().map(bus_core::AnyEvent::to_json).collect::<Vec<_>>()
    };
    assert_eq!(lines(), lines());
    assert!(lines()[2].contains(r#""timestamp":"2026-01-01T00:00:00.002000+00:00""#), "{:?}", lines());
    assert!(lines()[3].contains(r#""id":"0000000000000001-4""#), "{:?}", lines());
}

#[test]
fn paused_time_stands_still_for_events_too() {
    trial().paused().run(async |_, _| {
        let bus = EventBus::builder().clock(TokioClock::default()).build().unwrap();
        bus.stream("desk").emit_counted(0_u64).await;
        let before = SystemTime::now();
        while SystemTime::now() == before {
            std::thread::yield_now();
        }
        bus.stream("desk").emit_counted(1_u64).await;
        // Time is paused: this moves it on, and takes none.
        tokio::time::sleep(Duration::from_hours(1)).await;
        bus.stream("desk").emit_counted(2_u64).await;
        let times: Vec<_> =
            bus.history().oldest_first().collect().iter().map(bus_core::AnyEvent::timestamp).collect();
        assert_eq!(times[0], times[1]);
        assert_eq!(times[2].duration_since(times[1]).unwrap(), Duration::from_hours(1));
    });
}

#[test]
fn a_clock_that_panics_harms_no_publisher() {
    let before = SystemTime::now() - Duration::from_secs(1);
    let bus = EventBus::builder().clock(|| panic!("{ON_PURPOSE}")).build().unwrap();
    assert!(bus.stream("desk").emit_counted(0_u64).send().receipt().is_ok());
    assert!(bus.history().collect()[0].timestamp() > before);
    let still = StepClock::new(SystemTime::UNIX_EPOCH, Duration::ZERO);
    let bus = EventBus::builder().clock(still).build().unwrap();
    drop(bus.stream("desk").emit_counted(0_u64).send());
    assert_eq!(bus.history().collect()[0].timestamp(), SystemTime::UNIX_EPOCH);
}

#[test]
fn a_run_of_zero_is_refused() {
    assert_eq!(EventBus::builder().run(0).build().unwrap_err(), BuildError::ZeroLimit("run"));
}
