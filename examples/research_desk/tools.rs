//! The three tools of the desk. They really search and read, so they can really fail.

use std::fs;
use std::io::{BufRead, BufReader};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::corpus::{Corpus, distinct};

/// The most passages of one search and the most lines of one read, unless fewer are asked for.
const HITS: usize = 8;
const LINES: usize = 120;
/// The most paths in one listing.
const PATHS: usize = 200;

#[derive(Deserialize)]
struct Search {
    query: String,
    /// Only passages with every word.
    #[serde(default)]
    all: bool,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct ReadFile {
    path: String,
    #[serde(default)]
    line: Option<usize>,
    #[serde(default)]
    lines: Option<usize>,
}

#[derive(Deserialize)]
struct ListFiles {
    #[serde(default)]
    matching: String,
}

/// The result of `read_file`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Extract {
    pub(crate) path: String,
    /// Number of the first line.
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Runs a tool. Both the result and the error are text for the model, or for the desk's own
/// planner.
pub(crate) fn run(corpus: &Corpus, name: &str, input: Map<String, Value>) -> Result<String, String> {
    match name {
        "search" => search(corpus, &read(name, input)?),
        "read_file" => read_file(corpus, &read(name, input)?),
        "list_files" => list_files(corpus, &read(name, input)?),
        _ => Err(format!("no tool is called {name}: there are search, read_file and list_files")),
    }
}

/// The descriptions of the tools for a model.
pub(crate) fn descriptions() -> Vec<Value> {
    let tool = |name: &str, says: &str, properties: Value, required: &[&str]| {
        json!({ "type": "function", "function": { "name": name, "description": says, "parameters": {
            "type": "object", "properties": properties, "required": required } } })
    };
    let (string, integer, boolean) =
        (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": "boolean" }));
    vec![
        tool(
            "search",
            "Find the passages of the folder that fit a query best. With all=true, only those that hold every word.",
            json!({ "query": string, "all": boolean, "limit": integer }),
            &["query"],
        ),
        tool(
            "read_file",
            "Read lines of a file of the folder, from line `line` on, `lines` of them.",
            json!({ "path": string, "line": integer, "lines": integer }),
            &["path"],
        ),
        tool(
            "list_files",
            "List the files whose path holds any of these words.",
            json!({ "matching": string }),
            &[],
        ),
    ]
}

fn read<T: DeserializeOwned>(name: &str, input: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(input))
        .map_err(|error| format!("{name} was called wrongly: {error}"))
}

fn search(corpus: &Corpus, asked: &Search) -> Result<String, String> {
    let hits = corpus.search(&asked.query, asked.all, asked.limit.unwrap_or(HITS).min(HITS * 4));
    if hits.is_empty() {
        let terms = distinct(&asked.query).join(", ");
        let how = if asked.all { "all" } else { "any" };
        return Err(format!("no passage holds {how} of: {terms}"));
    }
    to_json(&hits)
}

fn read_file(corpus: &Corpus, asked: &ReadFile) -> Result<String, String> {
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", asked.path);
    let path = corpus.root.join(&asked.path).canonicalize().map_err(|error| failed(&error))?;
    // A model writes these paths: it must not read files outside of the folder.
    if !path.starts_with(&corpus.root) {
        return Err(failed(&"is outside of the folder"));
    }
    let file = fs::File::open(&path).map_err(|error| failed(&error))?;
    let first = asked.line.unwrap_or(1).max(1);
    let most = asked.lines.unwrap_or(LINES).min(LINES);
    let mut text = String::new();
    for line in BufReader::new(file).lines().skip(first - 1).take(most) {
        text.push_str(&line.map_err(|error| failed(&error))?);
        text.push('\n');
    }
    if text.is_empty() {
        return Err(failed(&format_args!("has no line {first}")));
    }
    to_json(&Extract { path: asked.path.clone(), line: first, text })
}

fn list_files(corpus: &Corpus, asked: &ListFiles) -> Result<String, String> {
    let words = distinct(&asked.matching);
    let fits = |path: &&String| words.is_empty() || distinct(path).iter().any(|term| words.contains(term));
    let paths: Vec<&String> = corpus.files.iter().filter(fits).take(PATHS).collect();
    if paths.is_empty() {
        Err(format!("no path holds any of: {}", words.join(", ")))
    } else {
        to_json(&paths)
    }
}

fn to_json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> (tempfile::TempDir, Corpus) {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("secret.txt");
        let root = folder.path().join("docs");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(outside, "not yours").unwrap();
        std::fs::write(root.join("bus.md"), "The bus is open.\n\nThe bus is closed in order.\n").unwrap();
        std::fs::write(root.join("logo.png"), [0x89, b'P', 0xff, 0xfe]).unwrap();
        let corpus = Corpus::load(&root, |_| true).unwrap();
        (folder, corpus)
    }

    fn call(corpus: &Corpus, name: &str, input: Value) -> Result<Value, String> {
        let Value::Object(input) = input else { panic!("an object") };
        run(corpus, name, input).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn search_finds_the_lines() {
        let (_folder, corpus) = desk();
        let hits = call(&corpus, "search", json!({ "query": "closing order", "all": true })).unwrap();
        assert_eq!((&hits[0]["path"], &hits[0]["line"]), (&json!("bus.md"), &json!(3)));
        let error = call(&corpus, "search", json!({ "query": "closing penguins", "all": true })).unwrap_err();
        assert_eq!(error, "no passage holds all of: clos, penguin");
    }

    #[test]
    fn reading_really_reads_and_really_fails() {
        let (folder, corpus) = desk();
        let read = call(&corpus, "read_file", json!({ "path": "bus.md", "line": 3 })).unwrap();
        assert_eq!(read["text"], "The bus is closed in order.\n");
        for (path, why) in [
            ("logo.png", "valid UTF-8"),
            ("gone.md", "No such file"),
            ("../secret.txt", "outside of the folder"),
            ("bus.md\0", "NUL"),
        ] {
            let error = call(&corpus, "read_file", json!({ "path": path })).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
        std::fs::remove_file(folder.path().join("docs/bus.md")).unwrap();
        assert!(call(&corpus, "read_file", json!({ "path": "bus.md" })).is_err());
    }

    #[test]
    fn a_wrong_call_is_reported() {
        let (_folder, corpus) = desk();
        assert!(call(&corpus, "search", json!({})).unwrap_err().contains("missing field `query`"));
        assert!(call(&corpus, "fly", json!({})).unwrap_err().contains("no tool is called fly"));
        assert_eq!(call(&corpus, "list_files", json!({ "matching": "logos" })).unwrap(), json!(["logo.png"]));
    }
}
