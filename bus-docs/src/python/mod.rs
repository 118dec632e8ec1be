//! Python: pydantic models, their union, discriminated by `type`, and a loader from a line of JSON.

mod alias;
mod class;
mod module;
mod names;
mod text;
mod value;

#[cfg(test)]
mod tests;
use std::fmt::Write as _;

use crate::model::Catalog;
use crate::output::GENERATED;
use module::{Declared, Module};
use text::quoted;

const HEAD: &str = include_str!("head.py");
const MODEL: &str = include_str!("model.py");
const ENVELOPE: &str = include_str!("envelope.py");
const DEFAULT: &str = include_str!("default.py");
const KINDS: &str = include_str!("kinds.py");
const NULL: &str = include_str!("null.py");
const TAIL: &str = include_str!("tail.py");

pub(crate) fn render(catalog: &Catalog) -> String {
    let module = Module::of(catalog);
    let mut body = String::new();
    for ty in alias::ordered(&module) {
        match &ty.choices[..] {
            [] => class::record(&mut body, &module, ty),
            _ => alias::alias(&mut body, &module, ty),
        }
    }
    for event in &module.events {
        class::data(&mut body, &module, event);
        class::event(&mut body, event);
    }
    union(&mut body, &module.events);
    body.push_str(TAIL);
    let title = text::escaped(&catalog.title);
    let mut out = format!("\"\"\"{title}: the events as lines of JSON.\n\n{GENERATED}\n");
    out.push_str(HEAD);
    head(&mut out, &module, &body);
    out.push_str(&body);
    out
}

/// The imports and the functions that the body uses.
fn head(out: &mut String, module: &Module<'_>, body: &str) {
    let [defaults, kinds, null] = ["_default(", "_kinds(", "_OrNull["].map(|name| body.contains(name));
    out.push_str("\nimport datetime\n");
    out.push_str(if defaults { "import functools\n" } else { "" });
    out.push_str("import typing as t\n\nimport pydantic\n");
    out.push_str(if body.contains("te.TypeAliasType") { "import typing_extensions as te\n" } else { "" });
    out.push_str(match (null, kinds) {
        (true, _) => "from pydantic_core import PydanticUseDefault, core_schema\n",
        (false, true) => "from pydantic_core import core_schema\n",
        _ => "",
    });
    out.push_str(MODEL);
    class::envelope(out, module);
    out.push_str(ENVELOPE);
    out.push_str(if defaults { DEFAULT } else { "" });
    out.push_str(if kinds { KINDS } else { "" });
    out.push_str(if null { NULL } else { "" });
}

fn union(out: &mut String, events: &[Declared<'_>]) {
    out.push_str("\n\nEvent: t.TypeAlias = ");
    match events {
        [] => out.push_str("Undeclared\n"),
        [only] => {
            let _ = writeln!(out, "{}", only.name);
        }
        _ => {
            out.push_str("t.Annotated[\n    t.Union[\n");
            for event in events {
                let _ = writeln!(out, "        {},", event.name);
            }
            out.push_str("    ],\n    pydantic.Field(discriminator=\"type\"),\n]\n");
        }
    }
    out.push_str("\"\"\"Every declared event: `match event` or `event.type` distinguishes them.\"\"\"\n\n");
    let kinds = events.iter().map(|event| &event.event.kind);
    if events.is_empty() {
        out.push_str("Kind: t.TypeAlias = t.NoReturn\n");
    } else {
        out.push_str("Kind: t.TypeAlias = t.Literal[\n");
        for kind in kinds {
            let _ = writeln!(out, "    {},", quoted(kind));
        }
        out.push_str("]\n");
    }
    out.push_str(
        "\nKINDS: t.Final[tuple[Kind, ...]] = t.get_args(Kind)\n\"\"\"Every declared kind, sorted.\"\"\"\n",
    );
    out.push_str("\nALIASES: t.Final[dict[str, Kind]] = {\n");
    for event in events.iter().map(|event| event.event) {
        for alias in &event.aliases {
            let _ = writeln!(out, "    {}: {},", quoted(alias), quoted(&event.kind));
        }
    }
    out.push_str("}\n\"\"\"Older kinds with their current names.\"\"\"\n");
}
