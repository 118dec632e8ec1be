//! The events of a journal.

use std::ops::ControlFlow;
use std::path::Path;

use bus_core::Filter;
use bus_journal::{Item as Found, Journal};

use super::{Damage, Item};
use crate::Failure;

/// How many events are read at once.
const PAGE: usize = 1_000;

pub(super) fn read(
    path: &Path,
    filter: &Filter,
    mut each: impl FnMut(Item<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<Damage, Failure> {
    let journal = Journal::read(path).map_err(|error| Failure::journal(path, error))?;
    let mut damage = Damage::default();
    let query = journal.query().matching(filter.clone()).oldest_first().limit(PAGE);
    for item in query.items() {
        let next = match item.map_err(Failure::source)? {
            Found::Gap(gap) => {
                damage.places += 1;
                each(Item::Gap(gap))?
            }
            Found::Event(event) => each(Item::Event(event.read().map_err(Failure::source)?, event.json()))?,
        };
        if next.is_break() {
            break;
        }
    }
    Ok(damage)
}
