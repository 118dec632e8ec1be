//! `check`: duplicate kinds, breaking changes, and kinds that are declared and never used.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{Outcome, Project};
use crate::compare::{Weight, compare};
use crate::coverage::{Coverage, coverage};
use crate::model::{Catalog, Event};

pub(super) const SUMMARY: &str =
    "Check the events: duplicates, breaking changes since the last release, unused kinds.";

pub(super) const HELP: &str = "
Usage: cargo xtask check [--against FILE] [--bless] [--sources DIR…] [--unused]

Checks the events that are linked into this program:
  * a kind or an alias that two events have is an error, with both locations;
  * since the last release: a change that breaks code which reads or emits events is an error with the remedy, a
    compatible change is listed;
  * coverage: the kinds that the sources never emit, and those that they never subscribe to by name.

  --against FILE    the catalog.json of the last release, instead of released.json beside the catalogue
  --bless           record the current events as the last release, breaking or not
  --sources DIR…    the folders to search for emits and subscriptions
  --unused          a kind that is never emitted is an error

Exit code: 0 if there is no problem, 1 if there is one, 2 for wrong use.";

struct Options {
    against: PathBuf,
    bless: bool,
    sources: Vec<PathBuf>,
    unused: bool,
}

impl Project {
    /// Checks the catalogue: `cargo xtask check` with these arguments.
    ///
    /// # Errors
    /// If the arguments are wrong, or the events have a problem.
    pub fn check(&self, words: impl IntoIterator<Item = OsString>) -> Result<(), Outcome> {
        let options = self.check_options(words)?;
        let catalog = Catalog::linked(&self.title).map_err(Outcome::Found)?;
        println!("duplicates: none in {} events", catalog.events.len());
        let broken = if options.bless { bless(&options, &catalog)? } else { changes(&options, &catalog)? };
        let unused = report(&catalog, &coverage(&catalog, &options.sources)?);
        match (broken, unused) {
            (0, unused) if unused == 0 || !options.unused => Ok(()),
            (0, unused) => Err(Outcome::Found(format!("{unused} kinds are declared and never emitted"))),
            (broken, _) => Err(Outcome::Found(format!(
                "{broken} changes break code that reads or emits events; if that is intended, `--bless` records them as released"
            ))),
        }
    }

    fn check_options(&self, words: impl IntoIterator<Item = OsString>) -> Result<Options, Outcome> {
        let mut parser = lexopt::Parser::from_args(words);
        let mut options =
            Options { against: self.released(), bless: false, sources: Vec::new(), unused: false };
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("against") => options.against = parser.value()?.into(),
                lexopt::Arg::Long("bless") => options.bless = true,
                lexopt::Arg::Long("unused") => options.unused = true,
                lexopt::Arg::Long("sources") => options.sources.extend(parser.values()?.map(PathBuf::from)),
                other => return Err(other.unexpected().into()),
            }
        }
        if options.sources.is_empty() {
            options.sources.extend(self.sources.iter().map(|folder| self.root.join(folder)));
        }
        Ok(options)
    }
}

/// The number of breaking changes.
fn changes(options: &Options, catalog: &Catalog) -> Result<usize, Outcome> {
    let path = options.against.display();
    let text = match fs::read_to_string(&options.against) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("releases: none is recorded in {path}; `cargo xtask check --bless` records this one");
            return Ok(0);
        }
        Err(error) => return Err(Outcome::Found(format!("{path}: {error}"))),
    };
    let old = Catalog::from_json(&text).map_err(|error| Outcome::Found(format!("{path} {error}")))?;
    let changes = compare(&old, catalog);
    for change in &changes {
        println!("{change}");
    }
    let count = |weight: Weight| changes.iter().filter(|change| change.weight == weight).count();
    let broken = count(Weight::Breaking);
    println!(
        "releases: since the last one {broken} changes are breaking, {} are announced by a version, {} are compatible",
        count(Weight::Announced),
        count(Weight::Compatible)
    );
    Ok(broken)
}

fn bless(options: &Options, catalog: &Catalog) -> Result<usize, Outcome> {
    changes(options, catalog)?;
    if let Some(folder) = options.against.parent() {
        fs::create_dir_all(folder)?;
    }
    let path = options.against.display();
    fs::write(&options.against, catalog.to_json())
        .map_err(|error| Outcome::Found(format!("{path}: {error}")))?;
    println!("releases: recorded {} events in {path}", catalog.events.len());
    Ok(0)
}

/// The number of kinds that are never emitted.
fn report(catalog: &Catalog, found: &Coverage) -> usize {
    for file in &found.unread {
        println!("coverage: not read: {file}");
    }
    let unused: Vec<&Event> = found.never_emitted(catalog).collect();
    println!("coverage: {} files", found.files);
    list("never emitted", &unused);
    list("never subscribed to by name", &found.never_subscribed(catalog).collect::<Vec<_>>());
    println!("  {}", Coverage::BLIND);
    unused.len()
}

fn list(what: &str, events: &[&Event]) {
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    match kinds.len() {
        0 => println!("  {what}: none"),
        count => println!("  {what}, {count}: {}", kinds.join(", ")),
    }
}
