//! The extraordinary behaviour of programs. Each program draws its own; `BUS_SIM_WITHOUT` names
//! what no program does.

use super::rng::Rng;

/// One sort of behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// Callbacks that are no handlers publish: filters, drops, wakers, lag callbacks.
    Chains,
    /// More than one drop of a subscription panics.
    Twice,
    /// Handlers look back.
    Replay,
    /// So few permits that handlers wait for them.
    Permits,
    /// Handlers on a worker block without letting another thread take its place.
    Slot,
    /// The log publishes.
    Log,
    /// Synchronous handlers block until an emit, a wait or a close is done.
    Blocks,
    /// Asynchronous handlers do that.
    AsyncBlocks,
    /// Callbacks that are no handlers do that.
    CallbackBlocks,
    /// Callbacks that are no handlers panic.
    Panics,
    /// Callbacks drop handles of the bus, of which the last may be one.
    Drops,
    /// Runtimes stop in the middle.
    Stops,
    /// Threads end by a panic, or publish while their thread-locals are dropped.
    Dies,
    /// The bus is closed in the middle.
    Closes,
}

/// Each of them, and its name.
pub(crate) const ALL: &[(Feature, &str)] = &[
    (Feature::Chains, "chains"),
    (Feature::Twice, "twice"),
    (Feature::Replay, "replay"),
    (Feature::Permits, "permits"),
    (Feature::Slot, "slot"),
    (Feature::Log, "log"),
    (Feature::Blocks, "blocks"),
    (Feature::AsyncBlocks, "async-blocks"),
    (Feature::CallbackBlocks, "callback-blocks"),
    (Feature::Panics, "panics"),
    (Feature::Drops, "drops"),
    (Feature::Stops, "stops"),
    (Feature::Dies, "dies"),
    (Feature::Closes, "closes"),
];

/// The features that no program has.
pub(crate) fn without() -> String {
    std::env::var("BUS_SIM_WITHOUT").unwrap_or_default()
}

/// Those that one program has.
#[derive(Debug, Clone)]
pub(crate) struct Features(Vec<Feature>);

impl Features {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let without = without();
        let out = |name: &str| without.split(',').any(|one| one == name);
        // Each is drawn even if it is left out, so that the rest of the program stays the same.
        let drawn: Vec<_> = ALL.iter().filter(|_| rng.one_in(2)).collect();
        Self(drawn.into_iter().filter(|(_, name)| !out(name)).map(|(feature, _)| *feature).collect())
    }

    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.0.contains(&feature)
    }

    pub(crate) fn names(&self) -> String {
        let names = ALL.iter().filter(|(feature, _)| self.has(*feature)).map(|(_, name)| *name);
        names.collect::<Vec<_>>().join(",")
    }
}
