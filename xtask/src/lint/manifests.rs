//! Rules for the manifests: settings that all crates share stand once, in the root.

use super::Report;
use super::text::numbered;

pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    let member = path.ends_with("/Cargo.toml") && !is_own_workspace(text);
    if member && !path.split('/').any(|part| part == "fail" || part == "pass") {
        check_versions(path, text, report);
        check_lints(path, text, report);
    }
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
}
