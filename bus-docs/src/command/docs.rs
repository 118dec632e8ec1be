//! `docs`: writes the catalogue, or lists the files that differ.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use super::{Outcome, Project, unknown};
use crate::format::Format;
use crate::model::Catalog;
use crate::output;

pub(super) const SUMMARY: &str = "Write the event catalogue: HTML, Markdown, schemas, client types.";

pub(super) const HELP: &str = "
Usage: cargo xtask docs [--out DIR] [--only FORMAT…] [--check]

Writes the documentation of all events that are linked into this program, for people and for programs. It depends on
the definitions alone: the same definitions make the same bytes. It names each field whose type has no schema, which
readers in other languages do not know, and the way to give it one.

  --out DIR         write there, instead of the folder of the catalogue
  --only FORMAT…    only these outputs
  --check           write nothing; fail if a file would change, and show the first difference

Formats:
  catalog      catalog.json: all facts about the events, in a stable format
  markdown     events.md: all events on one page, for a code host
  schema       schema/: JSON Schema 2020-12, a file for each kind and one of all
  asyncapi     asyncapi.json: AsyncAPI 3.0, channels by scope
  typescript   events.ts: a discriminated union on `type`
  python       events.py: pydantic models, a discriminated union and a loader
  html         html/: a site with search; open html/index.html

Exit code: 0 if all files are written or match, 1 if not, 2 for wrong use.";

struct Options {
    out: PathBuf,
    formats: Vec<&'static Format>,
    check: bool,
}

impl Project {
    /// Writes the catalogue: `cargo xtask docs` with these arguments.
    ///
    /// # Errors
    /// If the arguments are wrong, no definition is linked, two events have one kind, a file cannot
    /// be written, or with `--check` a file differs.
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
        for line in unknown::lines(&catalog).iter().chain(&differences) {
            println!("{line}");
        }
        let folder = options.out.display();
        match (options.check, differences.len()) {
            (false, _) => println!("{} events in {folder}", catalog.events.len()),
            (true, 0) => println!("{} events: {folder} matches the definitions", catalog.events.len()),
            (true, count) => {
                return Err(Outcome::Found(format!(
                    "{count} files in {folder} do not match the definitions: `cargo xtask docs` writes them"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_the_summary_of_every_format() {
        for format in Format::ALL {
            let line = format!("\n  {:<12} {}\n", format.name, format.summary);
            assert!(HELP.contains(&line), "no `{}`", line.trim());
        }
    }
}
