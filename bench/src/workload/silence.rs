//! (e) No subscribers: with and without history.

use crate::load::LoadEmit;
use crate::load::{HISTORY, bus, text};
use crate::measure::{Group, Side};

pub(crate) fn groups() -> Vec<Group> {
    vec![
        Group::new("e/kept", "publish with nobody listening, kept", "publish")
            .side(super::sync::floor(1).called("floor at 1"))
            .side(super::sketch::side(0))
            .side(ours("bus", HISTORY))
            .target("bus", "floor at 1", 4.0),
        Group::new("e/unkept", "publish with nobody listening and nothing kept", "publish")
            .side(ours("bus, 200 bytes", 0))
            .side(payload())
            .side(ticks())
            .limit("bus", 15.0),
    ]
}

fn ours(name: &str, history: usize) -> Side {
    let bus = bus(history);
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    Side::new(name, move |times| {
        for _ in 0..times {
            let sent = desk.emit_said(text()).send();
            assert_eq!(sent.receipt().id().is_some(), history > 0);
        }
    })
}

/// The payload alone, to be subtracted.
fn payload() -> Side {
    Side::new("the 200 bytes alone", |times| (0..times).for_each(|_| drop(std::hint::black_box(text()))))
}

fn ticks() -> Side {
    let bus = bus(0);
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    let mut ticks = 0;
    Side::new("bus", move |times| {
        for count in 0..times {
            desk.emit_ticked(count).send();
        }
        ticks += times;
        assert_eq!(bus.stats().unobserved, ticks);
    })
}
