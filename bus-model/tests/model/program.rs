//! Random programs: the operations on a bus, step by step.

use bus_core::Overflow;
use proptest::prelude::*;

use super::group;

/// The number of event kinds; see `bus_model::ModelEvents`.
pub(crate) const KINDS: u8 = 5;

/// An event to publish. Its number comes from a count that both sides keep.
#[derive(Debug, Clone)]
pub(crate) struct Emission {
    pub(crate) kind: u8,
    pub(crate) stream: u8,
    pub(crate) node: Option<u8>,
    pub(crate) execution: Option<u8>,
    pub(crate) key: u8,
    pub(crate) hops: u32,
}

/// The script of a handler. Events are only published while the current event has hops left.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Send(Emission),
    /// Only in async handlers.
    Await(Emission),
    /// Waits until the gate of its subscription is opened once more. Only in async handlers.
    Gate,
    UnsubscribeSelf,
    Unsubscribe(usize),
    /// Makes a new subscription, unless handlers have made [`MOST`].
    Subscribe(Box<Spec>),
}

/// The most subscriptions that the handlers of one program make. Each may publish to all others:
/// with more, programs would not end.
pub(crate) const MOST: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Handled,
    Failed,
    Panicked,
}

#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) acts: Vec<Act>,
    pub(crate) end: End,
}

/// How a subscription receives.
#[derive(Debug, Clone)]
pub(crate) enum Receive {
    Sync(Script),
    Async { script: Script, concurrency: usize, timeout: bool },
    Stream,
}

/// The event set of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Any,
    Named,
    Step,
    Pair,
    Definition,
    Measures,
}

impl Set {
    pub(crate) fn holds(self, kind: u8) -> bool {
        match self {
            Self::Any | Self::Definition => true,
            Self::Named => kind == 1 || kind == 2,
            Self::Step => kind == 0,
            Self::Pair => kind < 2,
            Self::Measures => kind > 2,
        }
    }

    /// Whether it may match `transient` events, whose gaps are then its gaps.
    pub(crate) fn wants_transient(self) -> bool {
        matches!(self, Self::Any | Self::Named | Self::Pair | Self::Definition)
    }
}

/// A cursor: that many events before the newest, or of another run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Since {
    Back(u64),
    OtherRun,
}

#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) receive: Receive,
    pub(crate) set: Set,
    pub(crate) stream: Option<u8>,
    pub(crate) node: Option<u8>,
    pub(crate) execution: Option<u8>,
    /// A predicate on the number: even ones only.
    pub(crate) even: bool,
    pub(crate) capacity: usize,
    pub(crate) hard_limit: usize,
    pub(crate) overflow: Option<Overflow>,
    pub(crate) since: Option<Since>,
}

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Subscribe(Spec),
    Unsubscribe(usize),
    Send(Emission),
    /// Awaited in a task of its own, because a gate may block it.
    Await(Emission),
    Read(usize, usize),
    Open(usize),
    /// Time moves on by more than any timeout.
    Advance,
    Wait {
        spec: Spec,
        now: bool,
    },
    History {
        set: Set,
        stream: Option<u8>,
        limit: usize,
        oldest_first: bool,
        since: Option<Since>,
    },
    Close {
        now: bool,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) history: usize,
    pub(crate) transient: usize,
    /// Few permits; then handlers do not publish.
    pub(crate) places: Option<usize>,
    pub(crate) chain_limit: u32,
    pub(crate) ops: Vec<Op>,
}

fn emission() -> impl Strategy<Value = Emission> {
    let place = (0..2_u8, proptest::option::of(0..2_u8), proptest::option::of(0..2_u8));
    (0..KINDS, place, 0..2_u8, 0..3_u32).prop_map(|(kind, (stream, node, execution), key, hops)| Emission {
        kind,
        stream,
        node,
        execution,
        key,
        hops,
    })
}

/// Whether handlers may publish and subscribe, and whether the handlers that they subscribe may do
/// so again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    Neither,
    Publish,
    Both,
}

pub(super) fn act(may: May, is_async: bool) -> BoxedStrategy<Act> {
    let may_publish = may != May::Neither;
    let publish = u32::from(may_publish);
    let wait = u32::from(is_async);
    prop_oneof![
        2 * publish + 1 => if may_publish { emission().prop_map(Act::Send).boxed() } else { Just(Act::UnsubscribeSelf).boxed() },
        4 * publish * wait + 1 => match (may_publish, is_async) {
            (true, true) => emission().prop_map(Act::Await).boxed(),
            _ => (0..8_usize).prop_map(Act::Unsubscribe).boxed(),
        },
        3 * wait + 1 => if is_async { Just(Act::Gate).boxed() } else { (0..8_usize).prop_map(Act::Unsubscribe).boxed() },
        1 => if may == May::Both { inner_spec().boxed() } else { Just(Act::UnsubscribeSelf).boxed() },
    ]
    .boxed()
}

/// The subscription of a handler: it does not look back, and its handlers subscribe nothing.
fn inner_spec() -> impl Strategy<Value = Act> {
    spec(May::Publish).prop_map(|spec| Act::Subscribe(Box::new(Spec { since: None, ..spec })))
}

pub(super) fn end() -> impl Strategy<Value = End> {
    prop_oneof![6 => Just(End::Handled), 1 => Just(End::Failed), 1 => Just(End::Panicked)]
}

fn script(may: May, is_async: bool) -> impl Strategy<Value = Script> {
    (proptest::collection::vec(act(may, is_async), 0..4), end()).prop_map(|(acts, end)| Script { acts, end })
}

fn receive(may: May) -> BoxedStrategy<Receive> {
    prop_oneof![
        3 => script(may, false).prop_map(Receive::Sync),
        4 => (script(may, true), 1..3_usize, proptest::bool::weighted(0.2))
            .prop_map(|(script, concurrency, timeout)| Receive::Async { script, concurrency, timeout }),
        2 => Just(Receive::Stream),
    ]
    .boxed()
}

fn set() -> impl Strategy<Value = Set> {
    prop_oneof![
        3 => Just(Set::Any),
        1 => Just(Set::Named),
        2 => Just(Set::Step),
        2 => Just(Set::Pair),
        2 => Just(Set::Definition),
        1 => Just(Set::Measures),
    ]
}

pub(super) fn since() -> impl Strategy<Value = Option<Since>> {
    prop_oneof![
        6 => Just(None),
        3 => (0..8_u64).prop_map(|back| Some(Since::Back(back))),
        1 => Just(Some(Since::OtherRun)),
    ]
}

fn spec(may: May) -> impl Strategy<Value = Spec> {
    let filter = || prop_oneof![3 => Just(None), 1 => (0..2_u8).prop_map(Some)];
    let overflow = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Overflow::DropOldest)),
        1 => Just(Some(Overflow::DropNewest)),
        1 => Just(Some(Overflow::Coalesce)),
        1 => Just(Some(Overflow::Close)),
        1 => Just(Some(Overflow::Wait)),
    ];
    let filters = (filter(), filter(), filter(), proptest::bool::weighted(0.2));
    (receive(may), set(), filters, 1..4_usize, 0..3_usize, overflow, since()).prop_map(
        |(receive, set, (stream, node, execution, even), capacity, above, overflow, since)| Spec {
            receive,
            set,
            stream,
            node,
            execution,
            even,
            capacity,
            hard_limit: capacity + above,
            overflow,
            since,
        },
    )
}

fn op(may: May) -> impl Strategy<Value = Op> {
    let filter = || prop_oneof![3 => Just(None), 1 => (0..2_u8).prop_map(Some)];
    prop_oneof![
        30 => spec(may).prop_map(Op::Subscribe),
        4 => (0..16_usize).prop_map(Op::Unsubscribe),
        40 => emission().prop_map(Op::Send),
        60 => emission().prop_map(Op::Await),
        16 => ((0..16_usize), 1..4_usize).prop_map(|(sub, count)| Op::Read(sub, count)),
        24 => (0..16_usize).prop_map(Op::Open),
        5 => Just(Op::Advance),
        8 => (spec(May::Neither), any::<bool>()).prop_map(|(spec, now)| Op::Wait { spec, now }),
        6 => (set(), filter(), 0..6_usize, any::<bool>(), since())
            .prop_map(|(set, stream, limit, oldest_first, since)| Op::History { set, stream, limit, oldest_first, since }),
        1 => any::<bool>().prop_map(|now| Op::Close { now }),
    ]
}

/// The same without an end of a subscription. With few permits a dropped event also waits for a
/// permit, and no visible state shows when it gets one.
fn lasting(ops: Vec<Op>) -> Vec<Op> {
    let stays = |act: &Act| !matches!(act, Act::UnsubscribeSelf | Act::Unsubscribe(_));
    let mut ops: Vec<_> =
        ops.into_iter().filter(|op| !matches!(op, Op::Unsubscribe(_) | Op::Close { now: true })).collect();
    for op in &mut ops {
        if let Op::Subscribe(Spec {
            receive: Receive::Sync(script) | Receive::Async { script, .. }, ..
        }) = op
        {
            script.acts.retain(stays);
        }
    }
    ops
}

pub(crate) fn program() -> impl Strategy<Value = Program> {
    let places = prop_oneof![3 => Just(None), 1 => (1..3_usize).prop_map(Some)];
    let rings =
        (prop_oneof![1 => Just(0_usize), 6 => 1..9_usize], prop_oneof![1 => Just(0_usize), 6 => 1..4_usize]);
    (rings, places, prop_oneof![4 => Just(64_u32), 1 => Just(1_u32)]).prop_flat_map(
        |((history, transient), places, chain_limit)| {
            let may = if places.is_some() { May::Neither } else { May::Both };
            let parts = (
                proptest::collection::vec(op(may), 0..4),
                group::come(may),
                proptest::collection::vec(op(may), 4..28),
            );
            parts.prop_map(move |(mut all, group, ops)| {
                all.extend(group);
                all.extend(ops);
                Program {
                    ops: if places.is_some() { lasting(all) } else { all },
                    history,
                    transient,
                    places,
                    chain_limit,
                }
            })
        },
    )
}
