//! The delivery core: one lock decides the order of events, and no foreign code runs under it.
//!
//! A publish takes one step under the lock: it stamps the event, retains it, and hands it to every
//! receiver that wants it. The unit of push delivery is the [handler group](group): sync handlers
//! without a filter that take the same events are members of one group, any other handler is a
//! group of one. An idle group is *claimed*, by taking its members out: a claim is the exclusive
//! right to run the group, so the order of claims is the order in which members see events. A group
//! at work gets the event into its bounded [queue]. A stream gets it into a shared [ring], or into
//! a queue of its own. After the lock the publisher [runs](run) what it claimed: sync handlers
//! here, async ones polled in place when it awaits them on their runtime, otherwise handed to their
//! [task]. A second step settles what became of the event, and takes up what has been queued
//! meanwhile.
//!
//! ```text
//! publish ── lock ──┬─ idle group: claim ──→ run ──→ lock: settle ──→ next of the queue, or idle
//!                   │                         └ pending: task ──→ lock: settle ──→ next, or idle
//!                   ├─ group at work: queue
//!                   └─ stream: ring or queue, wake the reader
//! ```
//!
//! A delivery that is not finished when a publish returns is [pending], and may be awaited. All
//! waits are recorded in the [wait-for graph](deadlock); a delivery that could only come after a
//! handler which waits for it is deferred. Everything that runs foreign code waits as [effects]
//! until the lock is free.
//!
//! Imports run one way: publish → run → group, task, ring → queue, pending, effects → outcome,
//! context. [`state`] owns them all.

mod accounts;
mod answers;
mod batch;
mod blocking;
mod catch_up;
mod context;
mod core;
mod deadlock;
mod effects;
mod gaps;
mod group;
mod intercept;
mod membership;
mod names;
mod observe;
mod outcome;
mod overflow;
mod panic;
mod pending;
mod permits;
mod position;
mod prepare;
mod publish;
mod queue;
mod receipt;
mod record;
mod recorded;
mod retain;
mod ring;
mod routes;
mod run;
mod settings;
mod slab;
mod slow;
mod state;
mod streams;
mod subscription;
mod task;
mod workers;
mod writer;

pub use answers::Reply;
pub use batch::{Batch, BatchError, BatchResult};
pub use catch_up::Retry;
pub use intercept::Draft;
pub use observe::{HandlerDone, Observer};
pub use outcome::{HandlerResult, Outcome};
pub use overflow::{LagCause, Lagged, Overflow};
pub use pending::{Finished, Sent};
pub use receipt::{Problem, Receipt};
pub use recorded::Recorded;
pub use retain::pairs::{OpenPair, OpenPairs};
pub use subscription::Counts;

pub(crate) use answers::{Answers, Asked, answer};
pub(crate) use batch::{Batching, Limits};
pub(crate) use catch_up::{Begin as PastBegin, CatchUp, Consumer};
pub(crate) use context::{Entered, Node, cause, log, mark_waiting, nesting, node, thread};
pub(crate) use core::Core;
pub(crate) use effects::{Effects, drop_payload};
pub(crate) use group::{Member, NewMember};
pub(crate) use intercept::{Intercept, Interceptor};
pub(crate) use panic::{catch_each, drop_each, drop_waker};
pub(crate) use pending::Waiting;
pub(crate) use position::Miss;
pub(crate) use prepare::wants;
pub(crate) use publish::Mode;
pub(crate) use queue::{Bounds, Queue};
pub(crate) use record::Records;
pub(crate) use retain::mark::Marks;
pub(crate) use ring::{Attached, Found, Hand, Shared, Stream};
pub(crate) use routes::{Kinds, Part, Wanted, fits};
pub(crate) use run::{end_of_frame, end_of_stack, go_on, hand_over_postponed};
pub(crate) use settings::Settings;
pub(crate) use slab::Key;
pub(crate) use slow::watch;
pub(crate) use state::State;
pub(crate) use streams::{Read, takes};
pub(crate) use subscription::{Callback, Callbacks, Info, Life, Predicate, Receiver, Subscription, name_of};
pub(crate) use task::{AsyncClosure, AsyncRunner};
