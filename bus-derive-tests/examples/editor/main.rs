//! Checks a definition in an editor: asks rust-analyzer, over its protocol, about a small crate.
//!
//! `cargo run -p bus-derive-tests --example editor` prints the answers and fails if one is
//! incomplete. It needs `rustup component add rust-analyzer
//! rust-src`.

mod client;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use client::Client;
use serde_json::Value;

/// The crate to ask about. `⟦name⟧` marks a position and is removed.
const SOURCE: &str = include_str!("edited.txt");
/// The same crate while the user types a variant and a call.
const HALF_TYPED: &str = include_str!("half_typed.txt");

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let folder = scratch()?;
    let mut client = Client::start(&folder)?;
    let mut missing = Vec::new();

    let places = client.open(&folder.join("src/main.rs"), SOURCE)?;
    for (place, words) in [
        ("struct", &["A target began to compile."][..]),
        ("helper", &["A target began to compile.", "Name as the user typed it.", "needs a node"]),
        ("setter", &["Megabytes granted, where limited."]),
        ("field", &["Name as the user typed it."]),
    ] {
        let answer = client.ask("textDocument/hover", &places[place])?["contents"]["value"].to_string();
        note(
            &mut missing,
            &format!("docs on the {place}"),
            words.iter().all(|word| answer.contains(word)),
            &answer,
        );
    }
    for place in ["struct", "helper", "setter", "view"] {
        let found = client.ask("textDocument/definition", &places[place])?;
        let line = line_of(&found);
        let expected = if place == "setter" { places["memory"].line } else { places["variant"].line };
        note(
            &mut missing,
            &format!("go to definition from the {place}"),
            line == Some(expected),
            &found.to_string(),
        );
    }
    let helpers = ["emit_target_started", "emit_target_finished", "emit_build_finished"];
    let seen = labels(&client.ask("textDocument/completion", &places["completion"])?);
    note(
        &mut missing,
        "completion after `emit_`",
        helpers.iter().all(|name| has(&seen, name)),
        &seen.join(", "),
    );

    let places = client.change(&folder.join("src/main.rs"), HALF_TYPED)?;
    let seen = labels(&client.ask("textDocument/completion", &places["completion"])?);
    let all = helpers.iter().all(|name| has(&seen, name));
    note(&mut missing, "completion while a variant is half typed", all, &seen.join(", "));

    client.stop()?;
    if missing.is_empty() { Ok(()) } else { Err(format!("missing: {}", missing.join("; ")).into()) }
}

fn note(missing: &mut Vec<String>, what: &str, holds: bool, seen: &str) {
    println!("{} {what}", if holds { "ok     " } else { "MISSING" });
    if !holds {
        println!("        {seen}");
        missing.push(what.to_owned());
    }
}

fn labels(completion: &Value) -> Vec<String> {
    let items = completion["items"].as_array().or_else(|| completion.as_array());
    let items = items.into_iter().flatten().filter_map(|item| item["label"].as_str());
    items.filter(|label| label.starts_with("emit")).map(str::to_owned).collect()
}

fn has(labels: &[String], name: &str) -> bool {
    labels.iter().any(|label| label.starts_with(name))
}

/// The line in the answer to a definition request, from 0.
fn line_of(found: &Value) -> Option<u64> {
    let first = found.get(0).unwrap_or(found);
    first["targetSelectionRange"]["start"]["line"]
        .as_u64()
        .or_else(|| first["range"]["start"]["line"].as_u64())
}

/// A crate of its own that depends on bus-core, outside of this workspace.
fn scratch() -> Result<PathBuf, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("editor");
    fs::create_dir_all(folder.join("src"))?;
    let core = root.join("bus-core").display().to_string();
    let manifest = format!(
        "[package]\nname = \"edited\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         bus-core = {{ package = \"agent-events-core\", path = {core:?} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    Ok(folder)
}
