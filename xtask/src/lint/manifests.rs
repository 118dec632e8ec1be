//! Rules for the manifests: settings that all crates share stand once, in the root, and a published
//! crate says what a registry shows.

use std::collections::BTreeSet;

use super::Report;
use super::text::numbered;

pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    let member = path.ends_with("/Cargo.toml") && !is_own_workspace(text);
    if member && !path.split('/').any(|part| part == "fail" || part == "pass") {
        check_versions(path, text, report);
        check_lints(path, text, report);
    }
}

/// A crate that is published has what a registry and docs.rs show of it, and both licences beside
/// its manifest. `exists` tells whether a path of the repository does.
pub(super) fn check_published(path: &str, text: &str, exists: &dyn Fn(&str) -> bool, report: &mut Report) {
    let Some(folder) = path.strip_suffix("/Cargo.toml") else { return };
    let unpublished = text.lines().any(|line| line.trim() == "publish = false");
    if folder.contains('/') || is_own_workspace(text) || unpublished || !text.contains("[package]") {
        return;
    }
    let value = |key: &str| {
        let lines = text.lines().take_while(|line| !line.starts_with('[') || *line == "[package]");
        lines.filter_map(|line| line.split_once(" = ")).find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    if !value("description").is_some_and(|text| text.len() > 40 && text.ends_with(".\"")) {
        report.add(path, 0, "needs a `description`: a sentence that ends with a full stop");
    }
    for (key, most) in [("keywords", 5), ("categories", 5)] {
        let words: Vec<&str> = value(key).unwrap_or_default().split('"').skip(1).step_by(2).collect();
        let twice = words.iter().collect::<BTreeSet<_>>().len() < words.len();
        let bad = words.iter().any(|word| word.is_empty() || (key == "keywords" && !is_keyword(word)));
        if words.is_empty() || words.len() > most || twice || bad {
            report.add(path, 0, format!("needs 1 to {most} `{key}`, each once, as a registry takes them"));
        }
    }
    for key in ["version", "edition", "rust-version", "license"] {
        if value(&format!("{key}.workspace")) != Some("true") {
            report.add(path, 0, format!("takes `{key}` from the workspace: `{key}.workspace = true`"));
        }
    }
    if text.contains("[lib]") && !text.contains("[package.metadata.docs.rs]\nall-features = true") {
        report.add(path, 0, "needs `[package.metadata.docs.rs]` with `all-features = true`");
    }
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        if !exists(&format!("{folder}/{file}")) {
            report.add(path, 0, format!("has no {file} beside it"));
        }
    }
}

/// A keyword as crates.io takes it: at most 20 letters, digits and hyphens.
fn is_keyword(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    word.len() <= 20 && word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(plain)
}

/// A manifest with a `[workspace]` of its own is outside of ours: the project that a reader copies,
/// benchmarks, fuzz targets.
fn is_own_workspace(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[workspace]")
}

/// A crate takes each dependency from the workspace, `name.workspace = true`, so that an update
/// changes one line.
fn check_versions(path: &str, text: &str, report: &mut Report) {
    let mut in_dependencies = false;
    for (number, line) in numbered(text) {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            in_dependencies = section.trim_end_matches(']').ends_with("dependencies");
        } else if in_dependencies
            && line.contains('=')
            && !line.starts_with('#')
            && !line.contains("workspace = true")
        {
            report.add(
                path,
                number,
                "a version of its own: write `workspace = true` and name the version in the root manifest",
            );
        }
    }
}

/// A crate takes the lints of the workspace.
fn check_lints(path: &str, text: &str, report: &mut Report) {
    let taken =
        text.split("[lints]").nth(1).is_some_and(|rest| rest.trim_start().starts_with("workspace = true"));
    if !taken && text.contains("[package]") {
        report.add(
            path,
            0,
            "does not take the lints of the workspace: add `[lints]` with `workspace = true`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        super::super::found(check, path, text)
    }

    const GOOD: &str = "[package]\nname = \"a\"\n\n[dependencies]\nserde.workspace = true\n\
        tokio = { workspace = true, features = [\"rt\"] }\n\n[lints]\nworkspace = true\n";

    #[test]
    fn a_manifest_that_takes_everything_from_the_root_passes() {
        assert!(found("a/Cargo.toml", GOOD).is_empty());
    }

    #[test]
    fn own_versions_and_missing_lints_are_found() {
        let text =
            GOOD.replace("serde.workspace = true", "serde = \"1\"").replace("[lints]\nworkspace = true", "");
        assert_eq!(found("a/Cargo.toml", &text).len(), 2);
        assert!(found("a/Cargo.toml", &format!("{text}\n[workspace]\n")).is_empty());
    }

    fn found_published(text: &str, missing: &str) -> Vec<String> {
        let mut report = Report::default();
        check_published("a/Cargo.toml", text, &|path| path != missing, &mut report);
        report.found()
    }

    const PUBLISHED: &str = "[package]\nname = \"a\"\n\
        description = \"Says in one sentence what this package is good for.\"\n\
        version.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
        license.workspace = true\nkeywords = [\"event-bus\"]\ncategories = [\"asynchronous\"]\n\n\
        [lib]\nname = \"b\"\n\n[package.metadata.docs.rs]\nall-features = true\n";

    #[test]
    fn a_published_crate_says_what_a_registry_shows() {
        assert!(found_published(PUBLISHED, "").is_empty());
        for (from, to) in [
            ("description = ", "note = "),
            ("good for.", "good for"),
            ("\"event-bus\"", ""),
            ("\"event-bus\"", "\"a\", \"b\", \"c\", \"d\", \"e\", \"f\""),
            ("\"event-bus\"", "\"event bus\""),
            ("\"event-bus\"", "\"tokio\", \"tokio\""),
            ("categories", "groups"),
            ("license.workspace = true", "license = \"MIT\""),
            ("all-features", "features"),
        ] {
            assert_eq!(found_published(&PUBLISHED.replace(from, to), "").len(), 1, "{from} -> {to}");
        }
        for file in ["a/README.md", "a/LICENSE-MIT", "a/LICENSE-APACHE"] {
            assert_eq!(found_published(PUBLISHED, file).len(), 1, "{file}");
        }
        let private = PUBLISHED.replace("[lib]", "publish = false\n[lib]").replace("keywords", "words");
        assert!(found_published(&private, "").is_empty());
    }
}
