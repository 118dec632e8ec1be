//! Many handlers of one event, so that one publish reaches a large group: most do nothing, a few
//! run a script.

use bus_core::Overflow;
use proptest::prelude::*;

use super::program::{May, Op, Receive, Script, Set, Spec, act, end, since};

/// One script in six has a step.
fn script(may: May, is_async: bool) -> impl Strategy<Value = Script> {
    let acts = prop_oneof![
        5 => Just(Vec::new()),
        1 => proptest::collection::vec(act(may, is_async), 1..3),
    ];
    (acts, end()).prop_map(|(acts, end)| Script { acts, end })
}

fn receive(may: May) -> impl Strategy<Value = Receive> {
    prop_oneof![
        6 => script(may, false).prop_map(Receive::Sync),
        3 => (script(may, true), prop_oneof![4 => Just(1_usize), 1 => Just(2)], proptest::bool::weighted(0.2))
            .prop_map(|(script, concurrency, timeout)| Receive::Async { script, concurrency, timeout }),
        1 => Just(Receive::Stream),
    ]
}

fn member(may: May) -> impl Strategy<Value = Op> {
    let set = prop_oneof![6 => Just(Set::Step), 1 => Just(Set::Any), 1 => Just(Set::Pair), 1 => Just(Set::Definition)];
    let stream = prop_oneof![5 => Just(None), 1 => (0..2_u8).prop_map(Some)];
    let overflow = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Overflow::DropOldest)),
        1 => Just(Some(Overflow::Close)),
    ];
    let settings = (1..12_usize, overflow, since());
    (receive(may), set, stream, proptest::bool::weighted(0.1), settings).prop_map(
        |(receive, set, stream, even, (capacity, overflow, since))| {
            Op::Subscribe(Spec {
                receive,
                set,
                stream,
                node: None,
                execution: None,
                even,
                capacity,
                hard_limit: capacity + 2,
                overflow,
                since,
            })
        },
    )
}

/// A group that is subscribed at once; most programs have none. At most three of its members
/// publish, because each of their events reaches all members.
pub(super) fn come(may: May) -> impl Strategy<Value = Vec<Op>> {
    let quiet = proptest::collection::vec(member(May::Neither), 4..40);
    let loud = proptest::collection::vec((any::<prop::sample::Index>(), member(may)), 0..4);
    let group = (quiet, loud).prop_map(|(mut group, loud)| {
        for (at, member) in loud {
            group.insert(at.index(group.len()), member);
        }
        group
    });
    prop_oneof![15 => Just(Vec::new()), 1 => group]
}
