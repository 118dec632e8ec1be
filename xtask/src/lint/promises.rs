//! docs/guarantees.md names the tests that prove each promise, and each of them exists.

use super::Report;
use super::text::{has_extension, numbered};

const PAGE: &str = "docs/guarantees.md";

/// Each `` `path/to/file.rs::test_name` `` on the page is a test function in that file.
pub(super) fn check(texts: &[(String, String)], report: &mut Report) {
    let Some((_, page)) = texts.iter().find(|(path, _)| path == PAGE) else { return };
    for (number, line) in numbered(page) {
        for (file, test) in named_tests(line) {
            let source = texts.iter().find(|(path, _)| path == file).map(|(_, text)| text.as_str());
            match source {
                None => report.add(PAGE, number, format!("`{file}` does not exist: correct the path")),
                Some(source) if !has_test(source, test) => {
                    report.add(PAGE, number, format!("`{file}` has no test `{test}`: correct the name"));
                }
                Some(_) => {}
            }
        }
    }
}

/// The names in code quotes of the form `file.rs::name`.
fn named_tests(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::")).filter(|(file, _)| {
        // Without a folder it is a path in the code, such as `lib.rs::x` in a sentence.
        has_extension(file, "rs") && file.contains('/')
    })
}

/// Whether the source has a function of that name, with a test attribute on a line right above it.
fn has_test(source: &str, test: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let begins = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("async ");
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(test))
            .is_some_and(|rest| rest.starts_with('('))
    };
    lines.iter().enumerate().any(|(at, line)| {
        begins(line)
            && lines[..at]
                .iter()
                .rev()
                .take_while(|above| above.starts_with('#') || above.starts_with("//"))
                .any(|above| above.starts_with("#[") && above.contains("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "//! Order.\n#[tokio::test]\nasync fn grows() {}\n\n/// Not a test.\nfn grows_not() {}\n";

    fn found(page: &str) -> Vec<String> {
        let text = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let mut report = Report::default();
        check(&[text(PAGE, page), text("bus-core/tests/order.rs", SOURCE)], &mut report);
        report.found()
    }

    #[test]
    fn existing_tests_pass() {
        assert!(found("| Order | `bus-core/tests/order.rs::grows` |\n").is_empty());
    }

    #[test]
    fn missing_tests_are_found() {
        let page = "`bus-core/tests/order.rs::shrinks`\n`bus-core/tests/gone.rs::grows`\n`bus-core/tests/order.rs::grows_not`\n";
        let expected = [
            "1: `bus-core/tests/order.rs` has no test `shrinks`: correct the name",
            "2: `bus-core/tests/gone.rs` does not exist: correct the path",
            "3: `bus-core/tests/order.rs` has no test `grows_not`: correct the name",
        ];
        assert_eq!(found(page), expected);
    }
}
