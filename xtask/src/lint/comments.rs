//! Rules for the comments of Rust source.

use super::Report;
use super::text::numbered;

/// Longer lines of prose are hard to read beside a diff; code may be a little wider.
const MOST_COLUMNS: usize = 100;

/// A sentence that begins with one of these has no subject: `What waits` are `the waiting events`.
const OPENERS: &[&str] = &["What", "Who", "Whoever", "Whatever", "Of"];

pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    check_width(path, text, report);
    check_openers(path, text, report);
}

/// A line of a comment does not begin with a nominal `What`, `Who` or `Of`; questions may.
fn check_openers(path: &str, text: &str, report: &mut Report) {
    for (number, line) in numbered(text) {
        let Some((first, rest)) = prose_of(line).and_then(|prose| prose.split_once(' ')) else { continue };
        if OPENERS.contains(&first) && !rest.contains('?') {
            let text = format!("a sentence that begins with `{first}`: begin with its subject");
            report.add(path, number, text);
        }
    }
}

/// A comment line ends at 100 columns, unless it cannot be broken: a link, or a row of a table.
fn check_width(path: &str, text: &str, report: &mut Report) {
    for (number, line) in numbered(text) {
        let columns = line.chars().count();
        if columns > MOST_COLUMNS && prose_of(line).is_some_and(can_be_broken) {
            let text = format!("a comment of {columns} columns; the most is {MOST_COLUMNS}: break the line");
            report.add(path, number, text);
        }
    }
}

/// The text of a line that is a comment and nothing else.
fn prose_of(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']).trim())
}

fn can_be_broken(prose: &str) -> bool {
    let is_link = prose.starts_with('[') && prose.contains("]: ");
    prose.contains(' ') && !prose.starts_with('|') && !is_link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        super::super::found(check, "a/src/b.rs", text)
    }

    #[test]
    fn long_comments_are_found() {
        let prose = "word ".repeat(20);
        assert_eq!(found(&format!("//! A.\n    /// {prose}\n")).len(), 1);
        assert_eq!(found(&format!("// {prose}\n")).len(), 1);
        assert!(found(&format!("// {}\n", &prose[..90])).is_empty());
        assert!(found(&format!("let text = \"{prose}\";\n")).is_empty());
    }

    #[test]
    fn sentences_begin_with_their_subject() {
        let expected = ["1: a sentence that begins with `What`: begin with its subject"];
        assert_eq!(found("/// What a queue holds.\n"), expected);
        assert!(found("/// What is a queue? A buffer.\n/// Whatsoever.\nlet what = 1;\n").is_empty());
    }

    #[test]
    fn links_and_tables_may_be_longer() {
        let long = "x".repeat(100);
        assert!(found(&format!("/// https://{long}\n/// [a]: {long}\n/// | a | {long} |\n")).is_empty());
    }
}
