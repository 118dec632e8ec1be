//! Gaps: ranges of positions of which events are missing.

use std::fmt;
use std::sync::Arc;

use bus_core::EventId;
use rusqlite::{Connection, Result, Row, params};

use crate::checksum::Checksum;
use crate::schema::{column, position};

/// A range of the journal of which events are missing, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The first position, as [`Recorded::cursor`](crate::Recorded::cursor).
    pub from: EventId,
    /// The last position. Events of left-out kinds may have been between the two.
    pub to: EventId,
    /// How many events are missing, if that is known.
    pub events: Option<u64>,
    /// Why they are missing.
    pub cause: GapCause,
}

/// Why events are missing from a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapCause {
    /// There was no space: the disk or the quota of the journal was full.
    Full,
    /// They could not be written.
    Failed(Arc<str>),
    /// They were acknowledged, and the file has lost them: it was damaged, or copied without its
    /// `-wal` file.
    Lost,
    /// The run ended without being closed, so it is unknown how many events it had not recorded
    /// yet. None of them was acknowledged.
    Interrupted,
    /// They are there and do not match their checksum.
    Damaged,
    /// They were deleted by [`Journal::retain`](crate::Journal::retain).
    Retention,
}

impl GapCause {
    fn name(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Failed(_) => "failed",
            Self::Lost => "lost",
            Self::Interrupted => "interrupted",
            Self::Damaged => "damaged",
            Self::Retention => "retention",
        }
    }

    fn detail(&self) -> Option<&str> {
        if let Self::Failed(detail) = self { Some(detail) } else { None }
    }

    fn of(name: &str, detail: Option<String>) -> Option<Self> {
        Some(match name {
            "full" => Self::Full,
            "failed" => Self::Failed(detail.unwrap_or_default().into()),
            "lost" => Self::Lost,
            "interrupted" => Self::Interrupted,
            "damaged" => Self::Damaged,
            "retention" => Self::Retention,
            _ => return None,
        })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, events, cause } = self;
        match events {
            Some(events) => write!(f, "{events} events are missing from {from} to {to}: {cause}"),
            None => write!(f, "events may be missing from {from} to {to}: {cause}"),
        }
    }
}

impl fmt::Display for GapCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the disk or the quota of the journal was full"),
            Self::Failed(error) => write!(f, "they could not be written: {error}"),
            Self::Lost => f.write_str(
                "they were recorded, and the file has lost them: it was damaged, or copied without its `-wal` file",
            ),
            Self::Interrupted => f.write_str("the run ended without being closed"),
            Self::Damaged => f.write_str("they do not match their checksum"),
            Self::Retention => f.write_str("they were deleted to keep the journal small"),
        }
    }
}

/// A gap in positions, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) events: Option<u64>,
    pub(crate) cause: GapCause,
    /// How many positions before it have no entry.
    pub(crate) skipped: u64,
}

impl Span {
    /// A range of an unknown number of events, right behind the entry before it.
    pub(crate) fn new(first: u64, last: u64, cause: GapCause) -> Self {
        Self { first, last, events: None, cause, skipped: 0 }
    }

    fn checksum(&self) -> i32 {
        let mut sum = Checksum::new();
        sum.number(self.first);
        sum.number(self.last);
        sum.number(self.skipped);
        sum.number(self.events.unwrap_or(u64::MAX));
        sum.text(self.cause.name());
        sum.text(self.cause.detail().unwrap_or_default());
        sum.value()
    }

    pub(crate) fn insert(&self, connection: &Connection) -> Result<()> {
        let values = params![
            column(self.first),
            column(self.last),
            self.events.map(column),
            self.cause.name(),
            self.cause.detail(),
            column(self.skipped),
            self.checksum()
        ];
        connection.execute("INSERT INTO gaps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", values).map(drop)
    }

    /// Reads a row of all columns. One that does not match its checksum says that something is
    /// damaged there.
    pub(crate) fn read(row: &Row<'_>) -> Result<Self> {
        let (first, last) = (position(row.get(0)?), position(row.get(1)?));
        let events = row.get::<_, Option<i64>>(2)?.map(position);
        let cause = GapCause::of(&row.get::<_, String>(3)?, row.get(4)?);
        let skipped = position(row.get(5)?);
        let read = cause.map(|cause| Self { first, last, events, cause, skipped });
        let checksum: i64 = row.get(6)?;
        let is_whole = |gap: &Self| i64::from(gap.checksum()) == checksum && first <= last;
        Ok(read.filter(is_whole).unwrap_or_else(|| Self::new(first, first, GapCause::Damaged)))
    }

    /// The part behind `after` and up to `to`; nothing if there is none.
    pub(crate) fn clipped(&self, after: u64, to: u64) -> Option<Self> {
        let (first, last) = (self.first.max(after.saturating_add(1)), self.last.min(to));
        let is_whole = (first, last) == (self.first, self.last);
        (first <= last).then(|| Self {
            first,
            last,
            events: self.events.filter(|_| is_whole),
            cause: self.cause.clone(),
            skipped: self.skipped,
        })
    }
}
