//! (i) 100,000 waits at once: registering them, and resolving all.

use crate::load::LoadEmit;
use crate::load::{HISTORY, Said, bus, runtime, text};
use crate::measure::{Group, Side};

const MANY: usize = 100_000;

pub(crate) fn groups() -> Vec<Group> {
    let group = Group::new("i", "100,000 waits, registered and resolved", "pass")
        .side(Side::new("one event for all", |times| (0..times).for_each(|_| one_for_all())))
        .side(Side::new("an event for each", |times| (0..times).for_each(|_| one_for_each())))
        .fixed(1)
        .limit("one event for all", 0.3e9)
        .limit("an event for each", 0.3e9);
    vec![group]
}

fn one_for_all() {
    let bus = bus(HISTORY);
    let desk = bus.stream("desk");
    runtime().block_on(async {
        let waits: Vec<_> = (0..MANY).map(|_| bus.wait_for::<Said>()).collect();
        let sent = desk.emit_said(text()).send();
        assert_eq!(sent.receipt().reached(), MANY);
        for wait in waits {
            wait.await.expect("the event came");
        }
    });
}

fn one_for_each() {
    let bus = bus(HISTORY);
    let desk = bus.stream("desk");
    runtime().block_on(async {
        let wait = |at: usize| bus.subscribe::<Said>().execution(format!("exec-{at}")).first();
        let waits: Vec<_> = (0..MANY).map(wait).collect();
        for at in 0..MANY {
            desk.execution(format!("exec-{at}")).emit_said(text()).send();
        }
        for wait in waits {
            wait.await.expect("the event came");
        }
    });
}
