//! One publish, up to the moment when somebody's code runs: what is looked at before, what is worked out before the lock, and the step under it.

mod behind;
pub(super) mod deliver;
pub(super) mod enqueue;
pub(super) mod entry;
pub(super) mod plain;
pub(super) mod prepare;
pub(super) mod publish;
pub(super) mod record;
