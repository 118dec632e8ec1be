//! The workloads, one module each, named by their letters.

mod filters;
mod history;
mod json;
mod pressure;
mod ready;
mod session;
mod silence;
mod sketch;
pub(crate) mod streams;
mod sync;
mod threads;
mod units;
mod waits;
mod window;

use crate::measure::Group;

/// Makes the groups of one workload, with their setup.
pub(crate) type Workload = fn() -> Vec<Group>;

/// Every workload, by its letter. A profiler that looks at one group sets up its whole workload:
/// the streams on one thread are a workload of their own, so that no other thread runs beside them.
pub(crate) const ALL: &[(&str, Workload)] = &[
    ("a", sync::groups),
    ("b", ready::groups),
    ("c", streams::on_one_thread),
    ("c", streams::on_two_threads),
    ("d", filters::groups),
    ("e", silence::groups),
    ("f", threads::groups),
    ("g", history::groups),
    ("h", json::groups),
    ("i", waits::groups),
    ("k", session::groups),
    ("p", pressure::groups),
    ("u", units::groups),
];
