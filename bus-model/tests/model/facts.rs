//! The log of both sides, and the model's view of an event.

use super::program::Emission;

/// An entry in the log of a running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Begin {
        sub: usize,
        n: u64,
        seq: u64,
        cause: Option<u64>,
    },
    Gate {
        sub: usize,
        n: u64,
    },
    Sent {
        sub: usize,
        n: u64,
        slip: Slip,
    },
    Resumed {
        sub: usize,
        n: u64,
        slip: Slip,
    },
    Cut {
        sub: usize,
        n: u64,
    },
    Lag {
        sub: usize,
        lagged: bus_core::Lagged,
    },
    /// A fault that a handler found, which the model never has.
    Wrong(String),
}

/// A receipt, or the part of it that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slip {
    pub(crate) refused: Option<&'static str>,
    pub(crate) seq: Option<u64>,
    pub(crate) reached: usize,
    pub(crate) handled: usize,
    pub(crate) queued: usize,
    pub(crate) deferred: usize,
    pub(crate) problems: Vec<(usize, &'static str)>,
}

impl Slip {
    /// The part that is final once the event is on the bus.
    pub(crate) fn at_once(&self) -> Self {
        Self { handled: 0, deferred: 0, queued: 0, problems: Vec::new(), ..self.clone() }
    }
}

#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) n: u64,
    pub(crate) seq: u64,
    pub(crate) cause: Option<u64>,
    pub(crate) depth: u32,
    pub(crate) what: Emission,
}

impl Happened {
    pub(crate) fn transient(&self) -> bool {
        self.what.kind == 1
    }

    pub(crate) fn critical(&self) -> bool {
        self.what.kind == 2
    }

    pub(crate) fn coalesces(&self) -> bool {
        self.what.kind > 2
    }

    pub(crate) fn replaceable_by(&self, newer: &Self) -> bool {
        let (a, b) = (&self.what, &newer.what);
        let place = (a.kind, a.stream, a.node, a.execution) == (b.kind, b.stream, b.node, b.execution);
        self.coalesces() && place && (a.kind != 4 || a.key == b.key)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) matched: u64,
    pub(crate) handled: u64,
    pub(crate) failed: u64,
    pub(crate) panicked: u64,
    pub(crate) timed_out: u64,
    pub(crate) overflowed: u64,
    pub(crate) coalesced: u64,
    pub(crate) dropped: u64,
}

impl Tally {
    pub(crate) fn note(&mut self, outcome: &str) {
        *match outcome {
            "handled" => &mut self.handled,
            "failed" => &mut self.failed,
            "panicked" => &mut self.panicked,
            "timed out" => &mut self.timed_out,
            "overflowed" => &mut self.overflowed,
            "coalesced" => &mut self.coalesced,
            _ => &mut self.dropped,
        } += 1;
    }

    pub(crate) fn add_all(&mut self, other: Self) {
        self.matched += other.matched;
        self.handled += other.handled;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.timed_out += other.timed_out;
        self.overflowed += other.overflowed;
        self.coalesced += other.coalesced;
        self.dropped += other.dropped;
    }
}
