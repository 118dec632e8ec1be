//! The time of an event is the time of the machine's clock, even if it is derived from the
//! processor's counter.

use std::time::{Duration, SystemTime};

use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
enum Events {
    /// The clock ticked.
    Ticked { count: u64 },
}

/// More than the largest error, and too little for anybody to notice.
const NEAR: Duration = Duration::from_millis(1);

#[test]
fn events_are_stamped_with_the_time_of_the_machine_and_in_order() {
    let bus = EventBus::new();
    let desk = bus.stream("desk");
    let (begun, mut last) = (SystemTime::now(), SystemTime::UNIX_EPOCH);
    // Long enough for several reads of the clock, and of the counter in between.
    while begun.elapsed().unwrap_or_default() < Duration::from_millis(30) {
        let before = SystemTime::now();
        desk.emit_ticked(1).send();
        let after = SystemTime::now();
        let at = bus.history().limit(1).collect()[0].timestamp();
        assert!(at + NEAR >= before && at <= after + NEAR, "{at:?} is not between {before:?} and {after:?}");
        assert!(at >= last, "{at:?} came after {last:?}");
        last = at;
    }
}

#[test]
fn times_of_all_years_are_read_and_written_back() {
    let bus = EventBus::new();
    for time in [
        "1969-07-20T20:17:40.000000+00:00",
        "0001-01-01T00:00:00.000000+00:00",
        "9000-12-31T23:59:59.999999+00:00",
    ] {
        let line = format!(
            r#"{{"type":"vendor_kind","stream_id":"desk","node_id":null,"execution_id":null,"data":{{}},"timestamp":"{time}","correlation_id":null}}"#
        );
        let event = bus.read_json(&line).expect("it is an event");
        assert!(event.to_json().contains(time), "{}", event.to_json());
        bus.republish(event.clone()).send();
        let kept = &bus.history().limit(1).collect()[0];
        assert_eq!(kept.timestamp(), event.timestamp());
        assert!(kept.to_json().contains(time), "{}", kept.to_json());
        // Once more, as an event that another bus published.
        let other = EventBus::new();
        other.republish(kept.clone()).send();
        assert_eq!(other.history().limit(1).collect()[0].timestamp(), event.timestamp());
    }
}
