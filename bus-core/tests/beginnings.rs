//! Where a subscription or a query begins: now, with the beginning, behind an event, at a time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::{Duration, SystemTime};

use bus_core::{AgentEvent, EventBus, LagCause, Since};
use common::trial;

#[derive(AgentEvent)]
enum Counting {
    Counted {
        n: u64,
    },
    #[event(transient)]
    Ticked {
        n: u64,
    },
}

async fn count(bus: &EventBus, numbers: std::ops::Range<u64>) {
    for n in numbers {
        bus.stream("desk").emit_counted(n).await;
    }
}

/// The numbers that a subscription begins with, and what it missed.
fn past(bus: &EventBus, since: impl Into<Since>) -> (Vec<u64>, Option<(u64, LagCause)>) {
    let mut stream = bus.subscribe::<Counted>().since(since).into_stream().with_gaps();
    let (mut numbers, mut missed) = (Vec::new(), None);
    while let Some(next) = stream.try_recv() {
        match next {
            Ok(event) => numbers.push(event.n),
            Err(gap) => missed = Some((gap.missed.unwrap(), gap.cause)),
        }
    }
    (numbers, missed)
}

#[test]
fn the_beginning_has_the_first_event_too() {
    trial().run(async |bus, _| {
        count(&bus, 0..3).await;
        assert_eq!(past(&bus, Since::Beginning), (vec![0, 1, 2], None));
        assert_eq!(past(&bus, Since::Now), (vec![], None));
        let first = bus.history().oldest_first().limit(1).collect().remove(0);
        assert_eq!(past(&bus, first.cursor()), (vec![1, 2], None));
        let query = |since| bus.history().since(since).collect().len();
        assert_eq!([query(Since::Beginning), query(first.cursor().into()), query(Since::Now)], [3, 2, 0]);
        let first = bus.subscribe::<Counted>().since(Since::Beginning).first();
        assert_eq!(first.await.unwrap().n, 0);
    });
}

#[test]
fn the_beginning_reports_what_history_has_evicted() {
    trial().with(|builder| builder.history(2)).run(async |bus, _| {
        count(&bus, 0..5).await;
        assert_eq!(past(&bus, Since::Beginning), (vec![3, 4], Some((3, LagCause::Evicted))));
    });
}

#[test]
fn a_time_begins_with_the_first_event_of_that_time() {
    trial().with(|builder| builder.history(700)).run(async |bus, _| {
        count(&bus, 0..600).await;
        let all = bus.history().oldest_first().limit(usize::MAX).collect();
        let (first, later) = (all[0].timestamp(), all[500].timestamp());
        let expected: Vec<_> =
            all.iter().filter(|event| event.timestamp() >= later).map(|event| event.seq() - 1).collect();
        assert_eq!(past(&bus, later), (expected.clone(), None));
        assert_eq!(bus.history().since(later).limit(usize::MAX).collect().len(), expected.len());
        assert_eq!(past(&bus, first - Duration::from_secs(1)).0.len(), 600);
        let end = SystemTime::now() + Duration::from_mins(1);
        assert_eq!(past(&bus, end), (vec![], None));
        // From here on, it may have evicted events of that time.
        count(&bus, 600..800).await;
        let (numbers, missed) = past(&bus, first);
        assert_eq!((numbers.len(), missed), (700, Some((100, LagCause::Evicted))));
        let oldest = bus.history().oldest_first().limit(2).collect();
        if oldest[0].timestamp() < oldest[1].timestamp() {
            assert_eq!(past(&bus, oldest[1].timestamp()).1, None);
        }
    });
}

#[test]
fn a_place_to_begin_is_read_as_it_is_written() {
    let id = "00c0ffee00c0ffee-42";
    let texts = ["now", "beginning", id, "2026-11-22T06:14:08.602474+00:00"];
    for text in texts {
        let since: Since = text.parse().unwrap();
        assert_eq!(since.to_string(), text);
        let json = serde_json::to_string(&since).unwrap();
        assert_eq!(serde_json::from_str::<Since>(&json).unwrap(), since);
    }
    assert_eq!(Since::default(), Since::Now);
    for (text, seconds) in [("15m", 900), ("1h30m", 5_400), ("2 hours", 7_200)] {
        let now = SystemTime::now();
        let Since::Time(time) = text.parse().unwrap() else { panic!("{text}") };
        let ago = now.duration_since(time).unwrap_or_default().as_secs();
        assert!((seconds - 30..=seconds).contains(&ago), "{text}: {ago}");
    }
    for text in ["", "yesterday", "15", "beginning ", "-42", "2026-13-01T00:00:00Z"] {
        let error = text.parse::<Since>().unwrap_err().to_string();
        assert!(error.contains("write `beginning`"), "{text}: {error}");
    }
}
