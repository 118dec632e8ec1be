//! Splits lines into sentences, the units of an answer, each with the line where it begins.

use serde::{Deserialize, Serialize};

/// One sentence of prose, or one line of code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sentence {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) form: Form,
}

/// The kind of a sentence: prose reads better in an answer than code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    Prose,
    Comment,
    Code,
}

impl Form {
    /// The main content of a file, by its name.
    pub(crate) fn of(path: &str) -> Self {
        if Kind::of(path) == Kind::Prose { Self::Prose } else { Self::Code }
    }
}

/// Splits the text of a file, from line `first` on, into sentences.
pub(crate) fn sentences(path: &str, first: usize, text: &str) -> Vec<Sentence> {
    let kind = Kind::of(path);
    let mut splitter = Splitter { path, found: Vec::new(), paragraph: Vec::new(), form: Form::Prose };
    // A passage may begin inside a fence that is not visible; the ends of its lines show it.
    let mut fenced = false;
    for (at, raw) in text.lines().enumerate() {
        let (number, line) = (first + at, raw.trim());
        if kind == Kind::Prose && line.starts_with("```") {
            fenced = !fenced;
            splitter.end();
        } else if line.is_empty() || (kind == Kind::Prose && !fenced && line.starts_with('#')) {
            splitter.end();
        } else if kind == Kind::Prose && !fenced && !line.ends_with([';', '{', '}']) {
            splitter.prose_line(number, line);
        } else if let Some(comment) = kind.comment(line) {
            splitter.line(number, comment, Form::Comment);
        } else {
            splitter.end();
            splitter.push(number, line.to_owned(), Form::Code);
        }
    }
    splitter.end();
    splitter.found
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Prose,
    Slashes,
    Hashes,
}

impl Kind {
    fn of(path: &str) -> Self {
        match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "md" | "txt" | "rst" | "adoc" | "org" | "tex" | "" => Self::Prose,
            "py" | "sh" | "toml" | "yml" | "yaml" | "rb" | "r" | "pl" => Self::Hashes,
            _ => Self::Slashes,
        }
    }

    /// The text of a comment line, without its mark.
    fn comment(self, line: &str) -> Option<&str> {
        let marks: &[&str] = match self {
            Self::Prose => &[],
            Self::Slashes => &["///", "//!", "//", "/**", "/*", "* ", "--", "<!--"],
            Self::Hashes => &["#", "\"\"\""],
        };
        let said = marks.iter().find_map(|mark| line.strip_prefix(mark))?;
        Some(said.trim_end_matches("*/").trim_end_matches("-->").trim())
    }
}

struct Splitter<'a> {
    path: &'a str,
    found: Vec<Sentence>,
    paragraph: Vec<(usize, String)>,
    form: Form,
}

impl Splitter<'_> {
    /// A list item or table row is a unit of its own; other lines continue the paragraph.
    fn prose_line(&mut self, number: usize, line: &str) {
        if line.starts_with('|') {
            self.end();
            let cells: Vec<_> = line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
            if !cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':'))) {
                self.push(number, cells.join(" | "), Form::Prose);
            }
            return;
        }
        let item =
            ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)).or_else(|| numbered(line));
        if item.is_some() {
            self.end();
        }
        self.line(number, item.unwrap_or(line), Form::Prose);
    }

    fn line(&mut self, number: usize, text: &str, form: Form) {
        // Documentation comments also have headings and link targets, which are not used in
        // answers.
        let heading = form == Form::Comment && text.starts_with("# ");
        let nothing = text.is_empty() || heading || (text.starts_with('[') && text.contains("]: "));
        if nothing || form != self.form {
            self.end();
        }
        self.form = form;
        if !nothing {
            self.paragraph.push((number, text.to_owned()));
        }
    }

    /// Joins the wrapped lines of the paragraph and splits the result at the ends of sentences.
    fn end(&mut self) {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for (number, line) in std::mem::take(&mut self.paragraph) {
            if !text.is_empty() {
                text.push(' ');
            }
            starts.push((text.len(), number));
            text.push_str(&line);
        }
        let mut from = 0;
        while from < text.len() {
            let to = sentence_end(&text, from);
            let line = starts.iter().rev().find(|(at, _)| *at <= from).map_or(0, |(_, number)| *number);
            self.push(line, text[from..to].trim().to_owned(), self.form);
            from = to + (text[to..].len() - text[to..].trim_start().len());
        }
    }

    fn push(&mut self, line: usize, text: String, form: Form) {
        if text.chars().filter(|c| c.is_alphabetic()).count() >= 8 {
            self.found.push(Sentence { path: self.path.to_owned(), line, text, form });
        }
    }
}

fn numbered(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == line.len() { None } else { rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")) }
}

/// The end of the sentence that begins at `from`: a full stop, a space, and the beginning of a
/// sentence.
fn sentence_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    for (at, c) in text[from..].char_indices() {
        let (at, after) = (from + at, from + at + c.len_utf8());
        if !matches!(c, '.' | '!' | '?') || bytes.get(after) != Some(&b' ') {
            continue;
        }
        let begins = text[after..].trim_start().chars().next().is_some_and(|c| !c.is_lowercase());
        let short = ["e.g", "i.e", "etc", "cf", "vs"].iter().any(|word| text[from..at].ends_with(word));
        if begins && !short {
            return after;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str, text: &str) -> Vec<(usize, String)> {
        sentences(path, 1, text).into_iter().map(|s| (s.line, s.text)).collect()
    }

    #[test]
    fn wrapped_prose_becomes_sentences_with_their_first_line() {
        let text = "# Title\nThe first one goes\nover two lines. The second, e.g. this,\nas well.\n\n* An item of a list\n";
        assert_eq!(
            seen("a.md", text),
            [
                (2, "The first one goes over two lines.".into()),
                (3, "The second, e.g. this, as well.".into()),
                (6, "An item of a list".into()),
            ]
        );
    }

    #[test]
    fn comments_are_prose_and_code_stays_in_lines() {
        let text = "/// Opens the gate\n/// for everyone.\npub fn open_the_gate() {\n}\n";
        let found = sentences("a.rs", 10, text);
        assert_eq!(found[0].form, Form::Comment);
        assert_eq!((found[0].line, found[0].text.as_str()), (10, "Opens the gate for everyone."));
        assert_eq!((found[1].line, found[1].form), (12, Form::Code));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn table_rows_and_fences_do_not_run_together() {
        let text =
            "| word | meaning |\n|---|---|\n| event | what happened |\n```\nlet bus = 1; // code\n```\n";
        let found = sentences("a.md", 1, text);
        assert_eq!(found[1].text, "event | what happened");
        assert_eq!(found[2].form, Form::Code);
    }
}
