//! Pairs of events: one that began something, and the one that ended it.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bus_core::catalogue::Descriptor;
use bus_core::wire::ReadError;
use serde_json::Value;

use crate::error::QueryError;
use crate::gap::Gap;
use crate::names::Name;
use crate::query::{Item, Query, Recorded};
use crate::reader::Reader;
use crate::reports::Reports;

/// How many events are read at once.
const STEP: usize = 2_000;

/// The members that say whether an event reports an error.
const ERROR: [&str; 2] = ["error", "is_error"];

/// Something that began, and its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pair {
    /// The event that began it.
    pub begin: Recorded,
    /// The event that ended it; `None` if there is none, or if it began again before it ended.
    pub end: Option<Recorded>,
    /// Whether its end reports an error, as [`is_error`](bus_core::Event::is_error) says.
    pub is_error: bool,
}

/// A pair, or what keeps events from being in one.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are pairs")]
pub enum PairItem {
    /// A pair.
    Pair(Pair),
    /// The event that ends something whose beginning is not among the events of the query.
    Unmatched(Recorded),
    /// Events that are missing.
    Gap(Gap),
}

impl Pair {
    /// Returns how long it took; `None` if it has not ended. A clock that was set back is no time.
    pub fn duration(&self) -> Option<Duration> {
        let end = self.end.as_ref()?.timestamp();
        Some(end.duration_since(self.begin.timestamp()).unwrap_or_default())
    }
}

/// The parts that the beginning and the end of a pair have in common.
struct Key {
    begins: &'static str,
    scope: Arc<Name>,
    execution: Option<Arc<Name>>,
    fields: Vec<Value>,
}

/// A kind that begins something, and the fields that its end has too.
type Begins = (&'static str, &'static [&'static str]);

/// The part of a kind in pairs.
struct Role {
    declared: Option<&'static Descriptor>,
    /// The pair that it begins.
    begins: Option<Begins>,
    /// The pairs that it ends.
    ends: Vec<Begins>,
    reports: Reports,
    /// The members that are read of its events: first those that both events of a pair have.
    members: Vec<&'static str>,
    /// How many of the members both events have.
    shared: usize,
}

impl Query {
    /// Returns the pairs that definitions declare with `ends_with`: those that begin with one of
    /// these kinds, or all of them without a kind. They come in the order in which they ended.
    /// Those without an end come last, in the order in which they began.
    ///
    /// The words of the query are about each of the two events; those about kinds are replaced. It
    /// reads what the two events have in common and no more.
    ///
    /// ```
    /// use bus_core::{AgentEvent, EventBus};
    /// use bus_journal::{Journal, PairItem};
    ///
    /// #[derive(AgentEvent)]
    /// #[events(version = 1)]
    /// enum BuildEvents {
    ///     /// A target began to compile.
    ///     #[event(ends_with(TargetFinished, by(target)))]
    ///     TargetStarted { target: String },
    ///     /// A target is done.
    ///     TargetFinished { target: String },
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// let journal = Journal::open(&path)?;
    /// let bus = EventBus::builder().store(journal.clone()).build()?;
    /// let desk = bus.stream("desk");
    /// desk.emit_target_started("app").await;
    /// desk.emit_target_finished("app").await;
    /// for item in journal.query().pairs(["target_started"]) {
    ///     let PairItem::Pair(pair) = item? else { continue };
    ///     println!("{} took {:?}", pair.begin.cursor(), pair.duration());
    /// #   assert!(pair.end.is_some() && !pair.is_error);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The first item is an error if no definition in this program says what ends one of the kinds.
    /// Others are those of [`page`](Self::page).
    pub fn pairs<K: AsRef<str>>(
        self,
        begins: impl IntoIterator<Item = K>,
    ) -> impl Iterator<Item = Result<PairItem, QueryError>> {
        let roles = roles(&self.reader, begins);
        let (roles, failed) = match roles {
            Ok(roles) => (roles, None),
            Err(error) => (HashMap::new(), Some(Err(error))),
        };
        let query = self.only_kinds(roles.keys().cloned()).oldest_first().limit(STEP);
        let (items, is_over) = (query.items(), failed.is_some());
        let found = failed.into_iter().collect();
        Pairs { roles, items, open: HashMap::new(), begun: 0, members: Vec::new(), found, is_over }
    }
}

/// Finds the pairs among events that come in their order.
struct Pairs<I> {
    /// By the names that events are stored with.
    roles: HashMap<String, Role>,
    items: I,
    open: HashMap<Key, (u64, Recorded)>,
    /// How many began.
    begun: u64,
    /// Those of the event that was read last.
    members: Vec<Option<Value>>,
    found: VecDeque<Result<PairItem, QueryError>>,
    is_over: bool,
}

impl<I: Iterator<Item = Result<Item, QueryError>>> Iterator for Pairs<I> {
    type Item = Result<PairItem, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            if self.is_over {
                return None;
            }
            match self.items.next() {
                Some(Ok(Item::Gap(gap))) => return Some(Ok(PairItem::Gap(gap))),
                Some(Ok(Item::Event(event))) => {
                    if let Err(error) = self.add(event) {
                        self.is_over = true;
                        self.found.push_back(Err(QueryError::Damaged(error.to_string())));
                    }
                }
                Some(Err(error)) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
                None => self.end(),
            }
        }
    }
}

impl<I> Pairs<I> {
    /// Takes the next event. One that begins again before it ended has no end.
    fn add(&mut self, event: Recorded) -> Result<(), ReadError> {
        let Some(role) = self.roles.get(event.kind()) else { return Ok(()) };
        self.members.resize(role.members.len(), None);
        event.members(role.declared, &role.members, &mut self.members)?;
        let key = |(begins, by): Begins| Key::new(begins, &event, role.values(by, &self.members));
        let ended = role.ends.iter().filter_map(|ends| self.open.remove(&key(*ends)));
        let ended: Vec<_> = ended.map(|(_, begin)| begin).collect();
        let begun = role.begins.map(key);
        let end = match begun {
            Some(key) => {
                self.begun += 1;
                let end = (!role.ends.is_empty()).then(|| event.clone());
                if let Some((_, begin)) = self.open.insert(key, (self.begun, event)) {
                    let pair = Pair { begin, end: None, is_error: false };
                    self.found.push_back(Ok(PairItem::Pair(pair)));
                }
                end
            }
            None => Some(event),
        };
        let Some(end) = end else { return Ok(()) };
        if ended.is_empty() {
            self.found.push_back(Ok(PairItem::Unmatched(end)));
            return Ok(());
        }
        let is_error = role.is_error(&end, &self.members)?;
        // It is large, so it is copied only where it ends several things.
        let copies = std::iter::repeat_n(end, ended.len());
        let pairs = ended.into_iter().zip(copies);
        self.found
            .extend(pairs.map(|(begin, end)| Ok(PairItem::Pair(Pair { begin, end: Some(end), is_error }))));
        Ok(())
    }

    /// Returns what has not ended.
    fn end(&mut self) {
        self.is_over = true;
        let mut open: Vec<_> = self.open.drain().map(|(_, begun)| begun).collect();
        open.sort_by_key(|(number, _)| *number);
        let pairs = open.into_iter().map(|(_, begin)| Pair { begin, end: None, is_error: false });
        self.found.extend(pairs.map(PairItem::Pair).map(Ok));
    }
}

impl Key {
    fn new(begins: &'static str, event: &Recorded, fields: Vec<Value>) -> Self {
        let (scope, execution) = event.stored.scope_names();
        Self { begins, scope, execution, fields }
    }

    /// Stream, node and execution. The rest of a scope may differ.
    fn place(&self) -> (&str, Option<&str>, Option<&str>) {
        (self.scope.text(), self.scope.get(1), self.execution.as_ref().map(|execution| execution.text()))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.begins == other.begins && self.fields == other.fields && self.place() == other.place()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Fields tell most events of a place apart.
        self.fields.hash(state);
        self.place().2.hash(state);
    }
}

/// The parts of kinds in pairs, by all names that their events are stored with.
fn roles<K: AsRef<str>>(
    reader: &Reader,
    begins: impl IntoIterator<Item = K>,
) -> Result<HashMap<String, Role>, QueryError> {
    let catalogue = reader.bus().catalogue();
    let mut wanted = Vec::new();
    for kind in begins {
        let kind = kind.as_ref();
        let declared = catalogue.get(kind).filter(|event| !event.ends_with.is_empty());
        wanted.push(declared.ok_or_else(|| QueryError::NoPair(kind.to_owned()))?);
    }
    if wanted.is_empty() {
        wanted.extend(catalogue.iter().filter(|event| !event.ends_with.is_empty()));
    }
    let mut roles = HashMap::new();
    let mut role = |kind: &str, add: &dyn Fn(&mut Role)| {
        let declared = catalogue.get(kind);
        let aliases = declared.map_or(&[][..], |event| event.aliases);
        for name in aliases.iter().chain([&kind]) {
            add(roles.entry((*name).to_owned()).or_insert_with(|| Role::new(declared, reader.reports(kind))));
        }
    };
    for begin in wanted {
        if let Some(first) = begin.ends_with.first() {
            role(begin.kind, &|role| role.begins = Some((begin.kind, first.by)));
        }
        for end in begin.ends_with {
            role(end.kind, &|role| role.ends.push((begin.kind, end.by)));
        }
    }
    roles.values_mut().for_each(Role::list_members);
    Ok(roles)
}

impl Role {
    fn new(declared: Option<&'static Descriptor>, reports: Reports) -> Self {
        Self { declared, begins: None, ends: Vec::new(), reports, members: Vec::new(), shared: 0 }
    }

    fn list_members(&mut self) {
        let shared = self.begins.iter().chain(&self.ends).flat_map(|(_, by)| *by);
        self.members = shared.copied().collect();
        self.members.sort_unstable();
        self.members.dedup();
        self.shared = self.members.len();
        if self.reports == Reports::Perhaps && !self.ends.is_empty() {
            self.members.extend(ERROR);
        }
    }

    /// The values of the members that both events have.
    fn values(&self, by: &[&str], found: &[Option<Value>]) -> Vec<Value> {
        let place = |name: &&str| self.members.iter().position(|member| member == name);
        by.iter().map(|name| place(name).and_then(|at| found[at].clone()).unwrap_or_default()).collect()
    }

    fn is_error(&self, event: &Recorded, found: &[Option<Value>]) -> Result<bool, ReadError> {
        match (self.reports, &found[self.shared..]) {
            (Reports::Always, _) => Ok(true),
            (Reports::Perhaps, [None | Some(Value::Null), Some(Value::Bool(is_error))]) => Ok(*is_error),
            (Reports::Never, _) | (Reports::Perhaps, [None, None]) => Ok(false),
            (Reports::Perhaps, _) => Ok(event.read()?.is_error()),
        }
    }
}
