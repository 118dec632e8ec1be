//! Crashes and failing disks, in child processes: what was acknowledged is there.
//!
//! A program of their own: until a new child runs its own program, it also holds the locks of this
//! one, and journals that other tests have closed would look as if somebody wrote to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod child;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(unix)]
mod folder;
mod kill;
#[path = "../all/support.rs"]
mod support;
