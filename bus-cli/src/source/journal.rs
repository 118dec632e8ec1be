//! The events of a journal.

use std::thread;

use bus_core::{Filter, ReadEvent, Since};
use bus_journal::{Item as Stored, Query, QueryError, Reader, Recorded};

use super::{Ask, Damage, Found, Gap, Item, Next, REST};
use crate::Failure;

/// How many events are read at once.
const PAGE: usize = 1_000;

/// Hands items on until the reader wants no more, and counts the gaps among them.
struct Sink<'a, F> {
    journal: &'a Reader,
    each: F,
    damage: Damage,
    is_over: bool,
    /// Gaps behind the last event, which the next answer has again.
    shown: Vec<bus_journal::Gap>,
}

impl<F: FnMut(Item<'_>) -> Next> Sink<'_, F> {
    fn item(&mut self, item: &Stored) -> Result<(), Failure> {
        match item {
            _ if self.is_over => Ok(()),
            Stored::Gap(gap) if self.shown.contains(gap) => Ok(()),
            Stored::Gap(gap) => {
                self.damage.places += 1;
                self.hand_on(Item::Gap(Gap::from(gap)))
            }
            Stored::Event(event) => self.hand_on(Item::Event(read_event(self.journal, event)?, event.json())),
        }
    }

    fn hand_on(&mut self, item: Item<'_>) -> Result<(), Failure> {
        self.is_over = (self.each)(item)?.is_break();
        Ok(())
    }

    /// Hands on all items of a query.
    fn all(&mut self, query: Query) -> Result<(), Failure> {
        for item in query.oldest_first().limit(PAGE).items() {
            self.item(&item.map_err(|error| failed(self.journal, error))?)?;
            if self.is_over {
                break;
            }
        }
        Ok(())
    }

    /// Hands on the first items of a query that returns the newest first, in their order.
    fn last(&mut self, query: Query, count: usize) -> Result<(), Failure> {
        let items = self.page(query, count)?;
        items.iter().rev().try_for_each(|item| self.item(item))
    }

    fn page(&self, query: Query, count: usize) -> Result<Vec<Stored>, Failure> {
        Ok(query.limit(count).page().map_err(|error| failed(self.journal, error))?.items)
    }
}

fn sink<F: FnMut(Item<'_>) -> Next>(journal: &Reader, each: F) -> Sink<'_, F> {
    Sink { journal, each, damage: Damage::default(), is_over: false, shown: Vec::new() }
}

pub(super) fn read(
    journal: &Reader,
    ask: &Ask<'_>,
    each: impl FnMut(Item<'_>) -> Next,
) -> Result<Damage, Failure> {
    let mut sink = sink(journal, each);
    let query = journal.query().matching(ask.filter.clone());
    match ask.last {
        _ if ask.follow => follow(journal, ask, &mut sink)?,
        Some(count) => sink.last(query, count)?,
        None => sink.all(query)?,
    }
    Ok(sink.damage)
}

/// Reads what fits, and goes on with what is recorded meanwhile.
fn follow<F>(journal: &Reader, ask: &Ask<'_>, sink: &mut Sink<'_, F>) -> Result<(), Failure>
where
    F: FnMut(Item<'_>) -> Next,
{
    let (mut since, mut count) = (Since::Beginning, ask.last);
    while !sink.is_over {
        let newest = sink.page(journal.query(), 1)?;
        let last = count.take();
        if let Some(event) = newest.iter().find_map(Stored::event)
            && since != Since::After(event.cursor())
        {
            // Up to this event and no further, so that it is known where to go on.
            let before = journal.query().matching(ask.filter.clone()).since(since).before(event.cursor());
            let fits = ask.filter.matches(&read_event(journal, event)?);
            match last {
                Some(count) => sink.last(before, count.saturating_sub(usize::from(fits)))?,
                None => sink.all(before)?,
            }
            if fits && last != Some(0) {
                sink.item(&Stored::Event(event.clone()))?;
            }
            sink.shown.clear();
            since = Since::After(event.cursor());
        }
        let behind: Vec<_> = newest.iter().map_while(Stored::gap).collect();
        for gap in behind.into_iter().rev() {
            sink.item(&Stored::Gap(gap.clone()))?;
            sink.shown.push(gap.clone());
        }
        sink.hand_on(Item::Idle)?;
        if !sink.is_over {
            thread::sleep(REST);
        }
    }
    Ok(())
}

/// The gaps of an answer, in their order, without its events.
pub(super) fn gaps(journal: &Reader, filter: &Filter) -> Result<Vec<bus_journal::Gap>, Failure> {
    let page = journal.query().matching(filter.clone()).limit(0).page();
    let items = page.map_err(|error| failed(journal, error))?.items;
    Ok(items.iter().rev().filter_map(Stored::gap).cloned().collect())
}

pub(super) fn around(
    journal: &Reader,
    (id, count): (&str, usize),
    filter: &Filter,
    each: impl FnMut(Item<'_>) -> Next,
) -> Result<Damage, Failure> {
    let mut sink = sink(journal, each);
    let Some(event) = recorded(journal, id)? else {
        gaps(journal, &Filter::new())?.into_iter().try_for_each(|gap| sink.item(&Stored::Gap(gap)))?;
        return Ok(sink.damage);
    };
    let query = || journal.query().matching(filter.clone());
    sink.last(query().before(event.cursor()), count)?;
    let cursor = event.cursor();
    sink.item(&Stored::Event(event))?;
    let behind = sink.page(query().since(cursor).oldest_first(), count)?;
    behind.iter().try_for_each(|item| sink.item(item))?;
    Ok(sink.damage)
}

pub(super) fn find(journal: &Reader, id: &str) -> Result<Found, Failure> {
    let Some(event) = recorded(journal, id)? else {
        let gaps = gaps(journal, &Filter::new())?;
        let damage = Damage::gaps(&gaps);
        return Ok(Found { event: None, damage, gaps: gaps.iter().map(Gap::from).collect() });
    };
    Ok(Found { event: Some((read_event(journal, &event)?, event.into())), ..Found::default() })
}

fn recorded(journal: &Reader, id: &str) -> Result<Option<Recorded>, Failure> {
    journal.find(id).map_err(|error| failed(journal, error))
}

fn read_event(journal: &Reader, event: &Recorded) -> Result<ReadEvent, Failure> {
    event.read().map_err(|error| Failure::journal(journal.path(), error))
}

/// The failure of a query.
pub(crate) fn failed(journal: &Reader, error: QueryError) -> Failure {
    let is_damaged = matches!(error, QueryError::Damaged(_));
    let failure = Failure::journal(journal.path(), error);
    if is_damaged { Failure { code: 3, ..failure } } else { failure }
}
