//! Who wants an event of one kind: subscriptions grouped by what their filter equals, so that those which do not match cost nothing.

use hashbrown::HashTable;

use crate::dispatch::route::wanted::{Shape, Wanted};
use crate::dispatch::slab::Key;
use crate::scope::Scope;

/// Subscriptions of one kind, or of every kind.
#[derive(Default)]
pub(crate) struct Index {
    /// Those without an equality filter.
    all: Bucket,
    /// Handlers without any filter, claimed together.
    crews: Vec<Key>,
    /// What readers without any filter read together.
    tapes: Vec<Key>,
    /// The others, one table for each combination of scope parts in use: mostly none, one or two.
    tables: Vec<(Shape, HashTable<Row>)>,
}

/// What is equal to a filter. A table of many thousands holds little itself, so that it stays near and grows at little cost.
struct Row {
    hash: u64,
    filed: Box<(Wanted, Bucket)>,
}

/// Subscriptions whose filters are equal, in the order they were made.
#[derive(Default)]
struct Bucket {
    lanes: Vec<Key>,
    /// How many of them have ended. They are swept when they are the half, so that ending one costs O(1).
    ended: usize,
}

impl Index {
    pub(crate) fn insert(&mut self, wanted: &Wanted, lane: Key) {
        let shape = wanted.shape();
        if shape.is_empty() {
            self.all.lanes.push(lane);
            return;
        }
        let at = self.tables.iter().position(|(known, _)| *known == shape).unwrap_or_else(|| {
            self.tables.push((shape, HashTable::new()));
            self.tables.len() - 1
        });
        let table = &mut self.tables[at].1;
        let hash = wanted.hash();
        let entry = table.entry(hash, |row| row.is(hash, wanted), |row| row.hash);
        let row = entry.or_insert_with(|| Row { hash, filed: Box::new((wanted.clone(), Bucket::default())) });
        row.into_mut().filed.1.lanes.push(lane);
    }

    /// Notes that a subscription of this filter ended. `lives` tells which still do.
    pub(crate) fn forget(&mut self, wanted: &Wanted, lives: impl Fn(Key) -> bool) {
        let shape = wanted.shape();
        if shape.is_empty() {
            self.all.forget(lives);
            return;
        }
        let Some(at) = self.tables.iter().position(|(known, _)| *known == shape) else { return };
        let table = &mut self.tables[at].1;
        let hash = wanted.hash();
        if let Ok(mut entry) = table.find_entry(hash, |row| row.is(hash, wanted)) {
            entry.get_mut().filed.1.forget(lives);
            if entry.get().filed.1.lanes.is_empty() {
                entry.remove();
            }
        }
        if table.is_empty() {
            self.tables.swap_remove(at);
        }
    }

    /// Whether nobody at all is in it.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.crews.is_empty() && self.tapes.is_empty() && self.all.lanes.is_empty() && self.tables.is_empty()
    }

    /// Whether an event of this scope has no candidates: crews and readers of tapes alone may want it.
    #[inline]
    pub(crate) fn passes_by(&self, scope: &Scope) -> bool {
        self.all.lanes.is_empty() && (self.tables.is_empty() || !self.is_matched(scope))
    }

    #[inline(never)]
    fn is_matched(&self, scope: &Scope) -> bool {
        self.tables.iter().any(|(shape, table)| row(shape, table, scope).is_some())
    }

    #[inline]
    pub(crate) fn crews(&self) -> &[Key] {
        &self.crews
    }

    /// Adds a crew.
    pub(crate) fn found(&mut self, crew: Key) {
        self.crews.push(crew);
    }

    /// Removes a crew that nobody is in any more.
    pub(crate) fn end(&mut self, crew: Key) {
        self.crews.retain(|known| *known != crew);
    }

    pub(crate) fn tapes(&self) -> &[Key] {
        &self.tapes
    }

    /// Adds a tape.
    pub(crate) fn add_tape(&mut self, tape: Key) {
        if !self.tapes.contains(&tape) {
            self.tapes.push(tape);
        }
    }

    /// Removes a tape that nobody reads any more.
    pub(crate) fn end_tape(&mut self, tape: Key) {
        self.tapes.retain(|known| *known != tape);
    }

    /// Leaves a subscription without a filter to its crew. Mostly it is the newest; where many come to rest one after the other, the oldest of them.
    pub(crate) fn leave(&mut self, lane: Key) {
        let lanes = &mut self.all.lanes;
        if lanes.last() == Some(&lane) {
            lanes.pop();
        } else if let Some(at) = lanes.iter().position(|known| *known == lane) {
            lanes.remove(at);
        }
    }

    /// Every subscription whose equality filter fits the scope. Ended ones may be among them.
    #[inline]
    pub(crate) fn candidates(&self, scope: &Scope, visit: &mut impl FnMut(Key)) {
        for lane in &self.all.lanes {
            visit(*lane);
        }
        for (shape, table) in &self.tables {
            for lane in row(shape, table, scope).iter().flat_map(|row| &row.filed.1.lanes) {
                visit(*lane);
            }
        }
    }
}

/// The row of a table whose filter an event of this scope fits.
#[inline]
fn row<'a>(shape: &Shape, table: &'a HashTable<Row>, scope: &Scope) -> Option<&'a Row> {
    let hash = shape.hash_of(scope)?;
    table.find(hash, |row| row.hash == hash && row.filed.0.matches(scope))
}

impl Row {
    fn is(&self, hash: u64, wanted: &Wanted) -> bool {
        self.hash == hash && self.filed.0 == *wanted
    }
}

impl Bucket {
    fn forget(&mut self, lives: impl Fn(Key) -> bool) {
        self.ended += 1;
        if self.ended * 2 >= self.lanes.len() {
            self.lanes.retain(|lane| lives(*lane));
            self.ended = 0;
        }
    }
}
