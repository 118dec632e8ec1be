//! The outputs there are, and which module makes each.

use crate::model::Catalog;
use crate::output::Files;

/// One output of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub summary: &'static str,
    render: fn(&Catalog) -> Files,
}

impl Format {
    /// Every output, in the order in which they are made.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "catalog",
            summary: "catalog.json: all that is known of the events, in a stable format",
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

    /// Makes it. The same catalogue gives the same bytes.
    pub fn render(&self, catalog: &Catalog) -> Files {
        (self.render)(catalog)
    }
}

fn one(path: &str, text: String) -> Files {
    Files::from([(path.to_owned(), text)])
}
