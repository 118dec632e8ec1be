//! The events of the simulation: each delivery policy, and fields that run code of their own.

use std::fmt;

use bus_core::{AgentEvent, AnyEvent, BoxError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::act::act;
use super::world::{Site, World};

/// `n` names the event; `hops` says how many led to it.
#[derive(AgentEvent)]
#[events(prefix = "sim_")]
pub(crate) enum SimEvents {
    Note {
        n: u64,
        hops: u32,
        token: Token,
    },
    #[event(transient)]
    Delta {
        n: u64,
        hops: u32,
        token: Token,
    },
    #[event(critical)]
    Alarm {
        n: u64,
        hops: u32,
        token: Token,
    },
    #[event(coalesce(key))]
    Level {
        n: u64,
        hops: u32,
        key: Key,
        token: Token,
    },
}

/// How many events led to this one.
pub(crate) fn hops(event: &AnyEvent) -> u32 {
    let note = event.payload::<Note>().map(|event| event.hops);
    let delta = || event.payload::<Delta>().map(|event| event.hops);
    let alarm = || event.payload::<Alarm>().map(|event| event.hops);
    let level = || event.payload::<Level>().map(|event| event.hops);
    note.or_else(delta).or_else(alarm).or_else(level).unwrap_or_default()
}

/// Counts what is alive, and does something when it is dropped.
pub(crate) struct Token {
    site: Site,
    panics: bool,
}

impl Token {
    pub(crate) fn new(site: Site) -> Self {
        Self::quiet(site, true)
    }

    /// One that may not panic, where `panics` is false.
    pub(crate) fn quiet(site: Site, panics: bool) -> Self {
        if let Some(world) = World::current() {
            world.born(site);
        }
        Self { site, panics }
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        Self::quiet(self.site, self.panics)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(world) = World::current() {
            world.gone(self.site);
            act(self.site, self.panics);
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|_| Self::new(Site::PayloadDrop))
    }
}

/// The key that `coalesce` compares by: writing it runs foreign code.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Key(pub(crate) u64);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        act(Site::Key, true);
        serializer.serialize_u64(self.0)
    }
}

/// The error of a failing handler.
#[derive(Debug)]
struct Failure {
    hops: u32,
    _token: Token,
}

/// An error whose text and drop run foreign code.
pub(crate) fn failure(hops: u32) -> BoxError {
    Box::new(Failure { hops, _token: Token::new(Site::ErrorDrop) })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        act(Site::ErrorText, true);
        write!(f, "failed on purpose after {} events", self.hops)
    }
}

impl std::error::Error for Failure {}
