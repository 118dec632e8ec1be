//! `docs`: writes the catalogue, or says where what is there differs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use super::{Outcome, Project};
use crate::format::Format;
use crate::model::Catalog;
use crate::output;

pub(super) const SUMMARY: &str = "Write the event catalogue: HTML, Markdown, schemas, client types.";

pub(super) const HELP: &str = "
Usage: cargo xtask docs [--out DIR] [--only FORMAT…] [--check]

Writes what people and programs need to know of the events that are linked into this program. It comes from the
definitions alone, and the same definitions give the same bytes.

  --out DIR         write there, instead of where the catalogue is kept
  --only FORMAT…    only these outputs
  --check           write nothing; fail if a file is not as it would be written, and show the first difference

Formats:
  catalog      catalog.json: all that is known of the events, in a stable format
  markdown     events.md: all events on one page, for a code host
  schema       schema/: JSON Schema 2020-12, a file for each kind and one of all
  asyncapi     asyncapi.json: AsyncAPI 3.0, channels by scope
  typescript   events.ts: a discriminated union on `type`
  python       events.py: pydantic models, a discriminated union and a loader
  html         html/: a site with search; open html/index.html

Exit code: 0 if all was written or is as it should be, 1 if not, 2 for a wrong call.";

struct Options {
    out: PathBuf,
    formats: Vec<&'static Format>,
    check: bool,
}

impl Project {
    /// Writes the catalogue: `cargo xtask docs`, with the words after its name.
    ///
    /// # Errors
    /// When the words are wrong, nothing is linked in, a kind is there twice, a file cannot be written, or with `--check`
    /// is not as it should be.
    pub fn docs(&self, words: impl IntoIterator<Item = OsString>) -> Result<(), Outcome> {
        let options = self.docs_options(words)?;
        let catalog = Catalog::linked(&self.title).map_err(Outcome::Found)?;
        let mut differences = Vec::new();
        for format in &options.formats {
            let begun = Instant::now();
            let files = format.render(&catalog);
            if options.check {
                differences.extend(output::compare(&options.out, &files)?);
                continue;
            }
            let done = output::write(&options.out, &files)?;
            let removed =
                if done.removed > 0 { format!(", {} removed", done.removed) } else { String::new() };
            println!(
                "{:<11} {:>4} files, {} changed{removed} ({:.2} s)",
                format.name,
                files.len(),
                done.changed,
                begun.elapsed().as_secs_f64()
            );
        }
        for difference in &differences {
            println!("{difference}");
        }
        let folder = options.out.display();
        match (options.check, differences.len()) {
            (false, _) => println!("{} events in {folder}", catalog.events.len()),
            (true, 0) => println!("{} events: {folder} is as the definitions say", catalog.events.len()),
            (true, count) => {
                return Err(Outcome::Found(format!(
                    "{count} files in {folder} are not as the definitions say: `cargo xtask docs` writes them"
                )));
            }
        }
        Ok(())
    }

    fn docs_options(&self, words: impl IntoIterator<Item = OsString>) -> Result<Options, Outcome> {
        let mut parser = lexopt::Parser::from_args(words);
        let mut options = Options { out: self.root.join(&self.out), formats: Vec::new(), check: false };
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("out") => options.out = parser.value()?.into(),
                lexopt::Arg::Long("check") => options.check = true,
                lexopt::Arg::Long("only") => {
                    for word in parser.values()? {
                        options.formats.push(format(&word.to_string_lossy())?);
                    }
                }
                other => return Err(other.unexpected().into()),
            }
        }
        if options.formats.is_empty() {
            options.formats.extend(Format::ALL);
        }
        Ok(options)
    }
}

fn format(name: &str) -> Result<&'static Format, Outcome> {
    Format::named(name).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name).collect();
        Outcome::Usage(format!("there is no format `{name}`; there are {}", names.join(", ")))
    })
}
