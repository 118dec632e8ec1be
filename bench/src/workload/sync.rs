//! (a) Sync handlers at 1, 8 and 64.

use bus_core::Event;

use crate::load::LoadEmit;
use crate::load::{Counter, HISTORY, Plain, Said, bus, text};
use crate::measure::{Group, Side};

pub(crate) fn groups() -> Vec<Group> {
    [1, 8, 64].map(group).into()
}

fn group(handlers: usize) -> Group {
    let title = format!("publish to {handlers} sync handlers");
    let mut group = Group::new(format!("a/{handlers}"), title, "publish")
        .side(floor(handlers))
        .side(super::sketch::side(handlers))
        .side(ours("bus", handlers, HISTORY))
        .side(ours("bus, no history", handlers, 0));
    #[cfg(feature = "peers")]
    {
        group = group.sides(crate::peer::sync(handlers));
    }
    let (kept, bare) = match handlers {
        1 => (4.5, 4.0),
        8 => (2.7, 2.4),
        _ => (1.6, 1.5),
    };
    group = group
        .target("bus", "floor", kept)
        .target("bus, no history", "floor", bare)
        .target("bus", "jaeb", 1.0);
    if handlers > 1 {
        group = group.target("bus", "bevy_ecs observers", 1.0).target("bus", "mod-events", 1.0);
    }
    group
}

type Listener = Box<dyn Fn(&Plain)>;

/// The lower bound: a list of closures.
pub(crate) fn floor(handlers: usize) -> Side {
    let counter = Counter::default();
    let list: Vec<Listener> = (0..handlers)
        .map(|_| {
            let counter = counter.clone();
            Box::new(move |_: &Plain| counter.add()) as Listener
        })
        .collect();
    let list = std::hint::black_box(list);
    Side::new("floor", move |times| {
        let before = counter.get();
        for _ in 0..times {
            let event = Plain::new();
            list.iter().for_each(|handler| handler(&event));
        }
        counter.assert_added(before, times * handlers as u64);
    })
}

fn ours(name: &str, handlers: usize, history: usize) -> Side {
    let (bus, counter) = (bus(history), Counter::default());
    for _ in 0..handlers {
        let counter = counter.clone();
        bus.subscribe::<Said>().handle_sync(move |_: &Event<Said>| counter.add()).detach();
    }
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    Side::new(name, move |times| {
        let before = counter.get();
        for _ in 0..times {
            desk.emit_said(text()).send();
        }
        counter.assert_added(before, times * handlers as u64);
    })
}
