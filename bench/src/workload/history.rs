//! (g) History at 1,000 and 1,000,000: publishing into it, and querying it.

use bus_core::EventBus;

use crate::load::LoadEmit;
use crate::load::{HISTORY, bus, text};
use crate::measure::{Group, Side};

const LONG: usize = 1_000_000;
const RARE: usize = 100;
const EXECUTIONS: usize = 1_000;

pub(crate) fn groups() -> Vec<Group> {
    let publish = Group::new("g/publish", "publish into a full history", "publish")
        .side(publishing(HISTORY))
        .side(publishing(LONG))
        .target("1000000 kept", "1000 kept", 1.3);
    let asked = filled();
    let by_kind = asked.clone();
    let ask = Group::new("g/ask", "the newest 100 of 1,000,000", "question")
        .side(Side::new("a kind that is 1 in 100", move |times| {
            for _ in 0..times {
                let found = by_kind.history().kinds(["ticked"]).collect();
                assert_eq!(found.len(), 100);
            }
        }))
        .side(Side::new("one execution in 1,000", move |times| {
            for _ in 0..times {
                let found = asked.history().execution("exec-7").collect();
                assert_eq!(found.len(), 100);
            }
        }))
        .limit("a kind that is 1 in 100", 100e3)
        .limit("one execution in 1,000", 100e3);
    vec![publish, ask]
}

fn publishing(history: usize) -> Side {
    let bus = bus(history);
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    (0..history).for_each(|_| drop(desk.emit_said(text()).send()));
    Side::new(format!("{history} kept"), move |times| {
        for _ in 0..times {
            desk.emit_said(text()).send();
        }
        assert_eq!(bus.stats().kept, history);
    })
}

/// A million events of a thousand executions, one in a hundred of another kind.
fn filled() -> EventBus {
    let bus = bus(LONG);
    let desk = bus.stream("desk");
    let executions: Vec<_> = (0..EXECUTIONS).map(|at| desk.execution(format!("exec-{at}"))).collect();
    for at in 0..LONG {
        let execution = &executions[at % EXECUTIONS];
        // 101 shares no factor with 1,000: every execution has events of the rare kind.
        if at % (RARE + 1) == 0 {
            execution.emit_ticked(at as u64).send();
        } else {
            execution.emit_said("short").send();
        }
    }
    bus
}
