//! The events of these tests.

use std::fmt;
use std::sync::Arc;

use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub(crate) enum Reviewed {
    Ping { n: u64 },
    Pong { n: u64 },
    Last { at_end: AtDrop },
}

/// Does something when the last handle of its event is dropped.
#[derive(Clone)]
pub(crate) struct AtDrop(Option<Arc<Act>>);

struct Act(Box<dyn Fn() + Send + Sync>);

impl Drop for Act {
    fn drop(&mut self) {
        (self.0)();
    }
}

pub(crate) fn at_drop(act: impl Fn() + Send + Sync + 'static) -> AtDrop {
    AtDrop(Some(Arc::new(Act(Box::new(act)))))
}

impl fmt::Debug for AtDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AtDrop")
    }
}

impl serde::Serialize for AtDrop {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.0.is_some())
    }
}

impl<'de> serde::Deserialize<'de> for AtDrop {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|_| Self(None))
    }
}

/// Sends `n` as a ping.
pub(crate) fn ping(bus: &EventBus, n: u64) {
    drop(bus.stream("agent").emit_ping(n).send());
}
