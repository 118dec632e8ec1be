//! The code on pages compiles and runs: it is written to `tests/expected/calls.rs`, which is part
//! of these tests.

use std::fmt::Write as _;

use bus_core::AgentEvent as _;
use bus_docs::{Catalog, Event, Format};

use super::outputs::expect;

const HEAD: &str = "//! Written by `UPDATE=1 cargo test -p agent-events-docs`: every emit call and subscription that the pages of the agent's events show.

#![allow(unused_imports, clippy::default_trait_access, reason = \"each call names what it needs\")]

use std::collections::BTreeMap;

use bus_agent::*;
use bus_core::{EventBus, object};
use serde_json::json;
";

/// The blocks of Rust on a page, without highlighting.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("<pre tabindex=\"0\"><code class=\"rust\">").skip(1);
    blocks.map(|block| plain(block.split("</code></pre>").next().unwrap_or_default())).collect()
}

fn plain(html: &str) -> String {
    let mut out = String::new();
    for part in html.split('<') {
        out.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    out.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn function(event: &Event, page: &str) -> String {
    let blocks = blocks(page);
    let [emit, subscribe] = &blocks[..] else { panic!("{}: {} blocks", event.kind, blocks.len()) };
    let mut out = format!("\n#[tokio::test]\nasync fn {}() {{\n    let bus = EventBus::new();\n", event.kind);
    for field in event.fields.iter().filter(|field| field.redacted) {
        let _ = writeln!(out, "    let {} = Default::default();", field.ident());
    }
    for line in subscribe.lines().chain(emit.lines()) {
        let _ = writeln!(out, "    {line}");
    }
    out + "    assert_eq!(receipt.reached(), 1);\n    drop(guard);\n}\n"
}

#[test]
fn the_code_on_pages_is_tested() {
    let catalog = Catalog::of("Agent events", bus_agent::AgentEvents::EVENTS);
    let pages = Format::named("html").unwrap().render(&catalog);
    let functions =
        catalog.events.iter().map(|event| function(event, &pages[&format!("html/{}.html", event.kind)]));
    expect("expected/calls.rs", &format!("{HEAD}{}", functions.collect::<Vec<_>>().concat()));
}
