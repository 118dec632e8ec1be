//! The receivers of one kind, grouped by what their filter equals, so that those which do not match
//! cost nothing.

use hashbrown::HashTable;

use crate::delivery::routes::Target;
use crate::delivery::routes::filter::{Shape, Wanted};
use crate::delivery::slab::Key;
use crate::scope::Scope;

/// The list of an index that a group is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Sync handlers without any filter, which others may join.
    Shared,
    /// An async handler without any filter that takes the events of this index and no others.
    Async,
    /// Any other.
    Filtered,
}

/// The receivers of one kind, or of every kind.
#[derive(Default)]
pub(crate) struct Index {
    /// Groups of handlers without any filter.
    groups: Vec<Key>,
    /// Async handlers without any filter, of this index alone.
    handlers: Bucket,
    /// Rings of readers without any filter.
    rings: Vec<Key>,
    /// Receivers without an equality filter.
    all: Bucket,
    /// The others, one table for each combination of scope parts in use: mostly none, one or two.
    tables: Vec<(Shape, HashTable<Row>)>,
}

/// The receivers whose filter equals some value. Boxed, so that a table of many thousands stays
/// small and grows at little cost.
struct Row {
    hash: u64,
    filed: Box<(Wanted, Bucket)>,
}

/// Receivers of equal filters, in the order they were made.
#[derive(Default)]
struct Bucket {
    targets: Vec<Target>,
    /// How many of them have ended. They are swept when they are half of all, so that ending one
    /// costs O(1).
    ended: usize,
}

impl Index {
    pub(crate) fn insert_group(&mut self, listed: Listed, wanted: &Wanted, group: Key) {
        match listed {
            Listed::Shared => self.groups.push(group),
            Listed::Async => self.handlers.targets.push(Target::Group(group)),
            Listed::Filtered => self.insert(wanted, Target::Group(group)),
        }
    }

    /// Records that a group takes no more events. `lives` says which receivers still do.
    pub(crate) fn forget_group(
        &mut self,
        listed: Listed,
        wanted: &Wanted,
        group: Key,
        lives: impl Fn(Target) -> bool,
    ) {
        match listed {
            Listed::Shared => self.groups.retain(|known| *known != group),
            Listed::Async => self.handlers.forget(lives),
            Listed::Filtered => self.forget(wanted, lives),
        }
    }

    pub(crate) fn insert(&mut self, wanted: &Wanted, target: Target) {
        wanted.rows().iter().for_each(|row| self.bucket(row).targets.push(target));
    }

    /// The receivers of a filter without alternatives.
    fn bucket(&mut self, wanted: &Wanted) -> &mut Bucket {
        let shape = wanted.shape();
        if shape.is_empty() {
            return &mut self.all;
        }
        let at = self.tables.iter().position(|(known, _)| *known == shape).unwrap_or_else(|| {
            self.tables.push((shape, HashTable::new()));
            self.tables.len() - 1
        });
        let table = &mut self.tables[at].1;
        let hash = wanted.hash();
        let entry = table.entry(hash, |row| row.is(hash, wanted), |row| row.hash);
        let row = entry.or_insert_with(|| Row { hash, filed: Box::new((wanted.clone(), Bucket::default())) });
        &mut row.into_mut().filed.1
    }

    /// Adds the receivers of another index.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.groups.extend(&other.groups);
        self.rings.extend(&other.rings);
        self.all.extend(&other.all);
        for row in other.tables.iter().flat_map(|(_, table)| table) {
            self.bucket(&row.filed.0).extend(&row.filed.1);
        }
    }

    /// Records that a receiver of this filter ended. `lives` says which still live.
    pub(crate) fn forget(&mut self, wanted: &Wanted, lives: impl Fn(Target) -> bool) {
        wanted.rows().iter().for_each(|row| self.forget_row(row, &lives));
    }

    fn forget_row(&mut self, wanted: &Wanted, lives: impl Fn(Target) -> bool) {
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
            if entry.get().filed.1.targets.is_empty() {
                entry.remove();
            }
        }
        if table.is_empty() {
            self.tables.swap_remove(at);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
            && self.handlers.targets.is_empty()
            && self.rings.is_empty()
            && self.has_no_candidates()
    }

    #[inline]
    pub(crate) fn has_no_candidates(&self) -> bool {
        self.all.targets.is_empty() && self.tables.is_empty()
    }

    #[inline]
    pub(crate) fn groups(&self) -> &[Key] {
        &self.groups
    }

    #[inline]
    pub(crate) fn has_handlers(&self) -> bool {
        !self.handlers.targets.is_empty()
    }

    /// Async handlers without any filter. Ended ones may be among them.
    #[inline]
    pub(crate) fn handlers(&self) -> impl Iterator<Item = Key> + '_ {
        self.handlers.targets.iter().filter_map(|target| match target {
            Target::Group(group) => Some(*group),
            Target::Stream(_) => None,
        })
    }

    #[inline]
    pub(crate) fn rings(&self) -> &[Key] {
        &self.rings
    }

    pub(crate) fn add_ring(&mut self, ring: Key) {
        self.rings.push(ring);
    }

    pub(crate) fn remove_ring(&mut self, ring: Key) {
        self.rings.retain(|known| *known != ring);
    }

    /// Visits every receiver whose equality filter fits the scope. Ended ones may be among them.
    #[inline]
    pub(crate) fn candidates(&self, scope: &Scope, visit: &mut impl FnMut(Target)) {
        for target in &self.all.targets {
            visit(*target);
        }
        for (shape, table) in &self.tables {
            for target in row(shape, table, scope).iter().flat_map(|row| &row.filed.1.targets) {
                visit(*target);
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
    fn extend(&mut self, other: &Self) {
        self.targets.extend(&other.targets);
        self.ended += other.ended;
    }

    fn forget(&mut self, lives: impl Fn(Target) -> bool) {
        self.ended += 1;
        if self.ended * 2 >= self.targets.len() {
            self.targets.retain(|target| lives(*target));
            self.ended = 0;
        }
    }
}
