//! The catalogue of a program's events, for people and for machines.
//!
//! From the definitions that are linked into a program, this crate writes an HTML site, a Markdown
//! page, JSON Schema, AsyncAPI, TypeScript and Python, and `catalog.json`, which has all facts
//! about the events. It checks that the committed files match the definitions, and that no change
//! since the last release breaks code that reads or emits events.
//!
//! A program of your own uses it, by convention `cargo xtask`:
//!
//! ```no_run
//! use bus_agent as _; // the crate with your definitions: naming it links it
//!
//! fn main() -> std::process::ExitCode {
//!     bus_docs::Project::new("Agent events").main()
//! }
//! ```
//!
//! `cargo xtask docs` then writes the catalogue to `docs/events`, and `cargo xtask check` compares
//! it with the last release; `--help` explains more. A whole workspace to copy is
//! `examples/your-project` in the repository of this crate.
//!
//! # Layout
//! Each row uses only the rows below it.
//!
//! | module | content |
//! |---|---|
//! | `command` | the command line: `docs` and `check` |
//! | `format` | the list of outputs |
//! | `html`, `markdown`, `asyncapi`, `typescript`, `python` | one output each |
//! | `json_schema`, `compare`, `coverage` | parts of several outputs; the checks |
//! | `envelope`, `words` | keys around the data, types in words |
//! | `prose`, `types` | doc comments, types in the terms of languages with unions |
//! | `output`, `pretty`, `snippet` | files, JSON over several lines, code to copy |
//! | `model` | the catalogue as data |

mod asyncapi;
mod command;
mod compare;
mod coverage;
mod envelope;
mod format;
mod html;
mod json_schema;
mod markdown;
mod model;
mod output;
mod pretty;
mod prose;
mod python;
mod snippet;
mod types;
mod typescript;
mod words;

pub use command::{Outcome, Project};
pub use compare::{Change, Weight, compare};
pub use coverage::{Coverage, coverage};
pub use format::Format;
pub use model::{Catalog, End, Event, Field, Policy, Scope};
pub use output::{Files, Written, compare as compare_files, write as write_files};
