//! The outputs, each with the module that makes it.

use crate::model::Catalog;
use crate::output::Files;

/// One output of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name on the command line.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    render: fn(&Catalog) -> Files,
}

impl Format {
    /// Every output, in the order of generation.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "catalog",
            summary: "catalog.json: all facts about the events, in a stable format",
            render: |catalog| one("catalog.json", catalog.to_json()),
        },
        Self {
            name: "markdown",
            summary: "events.md: all events on one page, for a code host",
            render: |catalog| one("events.md", crate::markdown::render(catalog)),
        },
        Self {
            name: "schema",
            summary: "schema/: JSON Schema 2020-12, a file for each kind and one of all",
            render: crate::json_schema::render,
        },
        Self {
            name: "asyncapi",
            summary: "asyncapi.json: AsyncAPI 3.0, channels by scope",
            render: |catalog| one("asyncapi.json", crate::asyncapi::render(catalog)),
        },
        Self {
            name: "typescript",
            summary: "events.ts: a discriminated union on `type`",
            render: |catalog| one("events.ts", crate::typescript::render(catalog)),
        },
        Self {
            name: "python",
            summary: "events.py: pydantic models, a discriminated union and a loader",
            render: |catalog| one("events.py", crate::python::render(catalog)),
        },
        Self {
            name: "html",
            summary: "html/: a site with search; open html/index.html",
            render: crate::html::render,
        },
    ];

    /// The output of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|format| format.name == name)
    }

    /// Makes the output. The same catalogue always makes the same bytes.
    pub fn render(&self, catalog: &Catalog) -> Files {
        (self.render)(catalog)
    }
}

fn one(path: &str, text: String) -> Files {
    Files::from([(path.to_owned(), text)])
}
