//! Each link from one file of the repository to another has a target.

use std::path::{Component, Path, PathBuf};

use super::Report;
use super::text::{has_extension, numbered};

/// In Markdown, the target in `](…)` is an address, or a file or folder here, relative to the file
/// that links to it.
pub(super) fn check(path: &str, text: &str, is_there: &dyn Fn(&Path) -> bool, report: &mut Report) {
    if !has_extension(path, "md") {
        return;
    }
    let mut in_code = false;
    for (number, line) in numbered(text) {
        in_code ^= line.trim_start().starts_with("```");
        for link in targets(line).filter(|_| !in_code) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !is_there(&resolve(path, file)) {
                report.add(path, number, format!("the link `{link}` has no target: correct the path"));
            }
        }
    }
}

/// The targets between `](` and `)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The target as a path from the root of the repository.
fn resolve(from: &str, link: &str) -> PathBuf {
    let mut path = Path::new(from).parent().map(Path::to_path_buf).unwrap_or_default();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut report = Report::default();
        let there = ["README.md", "docs/design.md", "examples"];
        check(
            "docs/guarantees.md",
            text,
            &|path| there.iter().any(|file| path == Path::new(file)),
            &mut report,
        );
        report.found()
    }

    #[test]
    fn links_with_a_target_pass() {
        assert!(found("[a](design.md), [b](../README.md#use), [c](../examples), [d](#here), [e](https://example.org)").is_empty());
        assert!(found("```rust\nlet a = b[0](c);\n```\n").is_empty());
    }

    #[test]
    fn links_without_a_target_are_found() {
        assert_eq!(
            found("one\n[a](README.md)\n"),
            ["2: the link `README.md` has no target: correct the path"]
        );
    }
}
