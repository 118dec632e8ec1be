//! One vocabulary: the terms that the field uses. The words of an earlier vocabulary
//! that nobody else uses stay out.

use std::path::Path;

use super::Report;
use super::text::{has_extension, line_of, numbered};

/// A row of words with one replacement.
struct Row {
    /// Words in lower case, found in prose and in identifiers: `Lane` and `lane_of` have the word
    /// `lane`. A form with a capital is found only as that part of an identifier. A form with a
    /// space is a phrase.
    forms: &'static [&'static str],
    instead: &'static str,
    /// Where the row holds: the beginning of a path.
    within: &'static str,
}

const fn everywhere(forms: &'static [&'static str], instead: &'static str) -> Row {
    Row { forms, instead, within: "" }
}

/// Words with an ordinary use, such as place, turn or track, are in it only in forms that had the
/// old meaning.
const ROWS: &[Row] = &[
    everywhere(&["lane", "lanes"], "subscription"),
    everywhere(&["crew", "crews", "team", "teams", "seat", "seats"], "handler group, members, batch"),
    everywhere(&["stray", "strays"], "handler group member"),
    everywhere(&["tape", "tapes", "reel", "reels"], "ring"),
    everywhere(&["stretch", "stretches", "Track"], "segment, range"),
    everywhere(&["needle", "needles"], "cursor"),
    everywhere(
        &["rider", "riders", "ride", "rides", "riding", "alight", "alights"],
        "reader, attach, detach",
    ),
    everywhere(&["let off", "walker", "walkers"], "detach, reader"),
    everywhere(&["lobby", "lobbies", "crowd", "crowds"], "waiter list, wake batch"),
    everywhere(&["hire", "hires", "hired", "employ", "employs"], "parked task, spawn"),
    everywhere(&["driver", "drivers"], "worker task"),
    everywhere(&["heir", "heirs", "bequeath", "bequeaths"], "shared reader state"),
    everywhere(&["let go", "lets go"], "effects, dropped outside the lock, catch_panic"),
    everywhere(&["at length", "short way", "long way"], "fast path, slow path"),
    everywhere(&["audience", "turn away", "turned away"], "receivers, reject"),
    everywhere(&["trouble", "troubles"], "failure"),
    everywhere(&["manner", "manners"], "flags, kind, way"),
    everywhere(&["planted", "misfit", "misfits"], "failpoint, untyped payload"),
    everywhere(&["lent"], "borrowed"),
    everywhere(&["taste", "tidy"], "style, lint"),
    everywhere(&["rules of the house", "house rules"], "rules of the repository"),
    everywhere(&["room for", "makes room", "make room", "made room", "no room"], "capacity, spare capacity"),
    Row { forms: &["word", "words"], instead: "keyword", within: "bus-macros/src/" },
    Row {
        forms: &["Desk", "desks", "Shift", "guarded"],
        instead: "parked task, catch_panic",
        within: "bus-core/",
    },
    Row { forms: &["ticket", "tickets"], instead: "pending delivery", within: "bus-core/src/" },
    Row { forms: &["told"], instead: "reported", within: "bus-core/" },
    Row { forms: &["told"], instead: "reported", within: "bus-model/" },
];

/// An ordinary use of words that a row refuses.
struct Allowed {
    /// The beginning of a path.
    path: &'static str,
    /// The forms that may be there; none stands for all of them.
    forms: &'static [&'static str],
    reason: &'static str,
}

const ALLOWED: &[Allowed] = &[
    Allowed { path: "xtask/src/lint/words.rs", forms: &[], reason: "has the list and its tests" },
    Allowed { path: "CHANGELOG.md", forms: &["tidy"], reason: "names the former task" },
    Allowed {
        path: "bus-model/tests/",
        forms: &["crew", "driver", "needle"],
        reason: "names failpoints of the delivery core",
    },
];

/// Code, comments, tests, docs and the names of files have no word of the old vocabulary.
pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    if !is_read_by_people(path) {
        return;
    }
    let rows: Vec<&Row> = ROWS.iter().filter(|row| path.starts_with(row.within)).collect();
    for (number, line) in std::iter::once((0, path)).chain(numbered(text)) {
        let words = parts(line);
        let lower = line.to_lowercase();
        for row in &rows {
            for form in row.forms.iter().filter(|form| has(form, &words, &lower)) {
                if !is_allowed(path, form) {
                    report.add(path, number, format!("`{form}` is an old word: write {}", row.instead));
                }
            }
        }
    }
}

/// An exception is for files that exist: a line whose files are gone is removed with them.
pub(super) fn check_exceptions(files: &[&str], report: &mut Report) {
    for Allowed { path, reason, .. } in ALLOWED {
        if !files.iter().any(|file| file.starts_with(path)) {
            let text = format!("`{path}` ({reason}) has no files: remove its line");
            report.add("xtask/src/lint/words.rs", line_of(include_str!("words.rs"), path), text);
        }
    }
}

/// Source, prose and settings; not recorded data, and not what a tool made of the source.
fn is_read_by_people(path: &str) -> bool {
    let made = path.starts_with("fuzz/corpus/") || path.ends_with(".expanded.txt");
    let named = ["rs", "md", "toml", "stderr", "css", "js", "mjs", "py", "sh"];
    !made && (named.iter().any(|end| has_extension(path, end)) || Path::new(path).extension().is_none())
}

fn is_allowed(path: &str, form: &str) -> bool {
    ALLOWED.iter().any(|allowed| {
        path.starts_with(allowed.path) && (allowed.forms.is_empty() || allowed.forms.contains(&form))
    })
}

fn has(form: &str, words: &[&str], lower: &str) -> bool {
    if form.contains(' ') {
        return has_phrase(lower, form);
    }
    let exact = form.starts_with(char::is_uppercase);
    words.iter().any(|word| if exact { *word == form } else { word.eq_ignore_ascii_case(form) })
}

fn has_phrase(line: &str, phrase: &str) -> bool {
    let is_border = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    line.match_indices(phrase).any(|(at, _)| {
        is_border(line[..at].chars().next_back()) && is_border(line[at + phrase.len()..].chars().next())
    })
}

/// The words of a line; an identifier is cut at `_` and before each capital.
fn parts(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for word in line.split(|c: char| !c.is_alphanumeric()) {
        let mut begin = 0;
        let mut before_is_lower = false;
        for (at, c) in word.char_indices() {
            if c.is_uppercase() && before_is_lower {
                parts.push(&word[begin..at]);
                begin = at;
            }
            before_is_lower = c.is_lowercase() || c.is_numeric();
        }
        parts.push(&word[begin..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        super::super::found(check, path, text)
    }

    #[test]
    fn old_words_are_found_in_prose_and_identifiers() {
        for text in
            ["// A lane.\n", "struct Lane;\n", "fn lane_of() {}\n", "type LaneId = u8;\n", "\"Lanes\"\n"]
        {
            assert_eq!(found("a/src/b.rs", text).len(), 1, "{text}");
        }
        let expected = ["2: `lane` is an old word: write subscription"];
        assert_eq!(found("docs/a.md", "A plane.\nThe lane's queue.\n"), expected);
    }

    #[test]
    fn parts_of_longer_words_pass() {
        assert!(found("a.md", "A plane, a screwdriver, an override, a keyboard.\n").is_empty());
    }

    #[test]
    fn phrases_and_types_are_found_as_such() {
        assert_eq!(found("a.rs", "// It lets go of it.\n").len(), 1);
        assert_eq!(found("bus-core/src/a.rs", "let desk: Desk;\n").len(), 1);
        assert!(
            found("a.rs", "// The letter.\nlet desk = bus.stream(\"desk\"); // outlet gone\n").is_empty()
        );
    }

    #[test]
    fn some_words_are_refused_in_one_folder_only() {
        assert_eq!(found("bus-macros/src/a.rs", "// A word.\n").len(), 1);
        assert!(found("bus-docs/src/a.rs", "// A word.\n").is_empty());
    }

    #[test]
    fn file_names_count_and_data_does_not() {
        assert_eq!(found("bus-core/tests/tapes.rs", "").len(), 1);
        assert!(found("fuzz/corpus/json.jsonl", "lane\n").is_empty());
        assert!(found("Cargo.lock", "name = \"lane\"\n").is_empty());
    }

    #[test]
    fn exceptions_without_files_are_found() {
        let files: Vec<&str> = ALLOWED.iter().map(|allowed| allowed.path).collect();
        let mut report = Report::default();
        check_exceptions(&files, &mut report);
        assert!(report.found().is_empty());
        check_exceptions(&files[1..], &mut report);
        let found = report.found();
        assert!(
            found[0].ends_with("(has the list and its tests) has no files: remove its line"),
            "{found:?}"
        );
        assert_eq!(found.len(), 1);
    }
}
