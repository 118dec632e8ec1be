//! The workloads, one module each, named by their letters.

mod filters;
mod history;
mod json;
mod ready;
mod session;
mod silence;
mod sketch;
pub(crate) mod streams;
mod sync;
mod threads;
mod units;
mod waits;

use crate::measure::Group;

/// Makes the groups of one workload, with their setup.
pub(crate) type Workload = fn() -> Vec<Group>;

/// Every workload, by its letter.
pub(crate) const ALL: &[(&str, Workload)] = &[
    ("a", sync::groups),
    ("b", ready::groups),
    ("c", streams::groups),
    ("d", filters::groups),
    ("e", silence::groups),
    ("f", threads::groups),
    ("g", history::groups),
    ("h", json::groups),
    ("i", waits::groups),
    ("k", session::groups),
    ("u", units::groups),
];
