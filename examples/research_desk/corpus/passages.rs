//! Splits a file into passages, the units that a search finds and an answer cites.

use std::path::Path;

/// A run of related lines, at most [`MAX_LINES`] of them.
pub(crate) struct Passage {
    /// First and last line, counted from 1.
    pub(crate) lines: (usize, usize),
    /// The text of these lines.
    pub(crate) text: String,
    /// In Markdown, its headings: they often have the word that the text itself omits.
    pub(crate) headings: String,
}

/// Longer runs are cut, so that one long function or list does not match every query.
const MAX_LINES: usize = 14;

/// Cuts `text` at blank lines, at headings, and where a run grows too long.
pub(crate) fn cut(path: &str, text: &str) -> Vec<Passage> {
    let markdown = Path::new(path).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md"));
    let mut cutter = Cutter::default();
    for (at, line) in text.lines().enumerate() {
        let level = if markdown { line.bytes().take_while(|byte| *byte == b'#').count() } else { 0 };
        let heading = level > 0 && line[level..].starts_with(' ');
        if heading || line.trim().is_empty() || cutter.lines.len() == MAX_LINES {
            cutter.end();
        }
        if heading {
            cutter.headings.truncate(level - 1);
            cutter.headings.push(line[level..].trim().to_owned());
        }
        if !line.trim().is_empty() {
            cutter.push(at + 1, line);
        }
    }
    cutter.end();
    cutter.done
}

#[derive(Default)]
struct Cutter<'a> {
    done: Vec<Passage>,
    lines: Vec<&'a str>,
    first: usize,
    headings: Vec<String>,
}

impl<'a> Cutter<'a> {
    fn push(&mut self, number: usize, line: &'a str) {
        if self.lines.is_empty() {
            self.first = number;
        }
        self.lines.push(line);
    }

    fn end(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let last = self.first + self.lines.len() - 1;
        let text = self.lines.join("\n");
        self.done.push(Passage { lines: (self.first, last), text, headings: self.headings.join(" / ") });
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_headings_cut_and_headings_are_kept() {
        let text = "# Bus\nA bus.\n\n## Order\nGrowing seq.\nAlways.\n## Lag\nTold.\n";
        let passages = cut("a.md", text);
        let seen: Vec<_> = passages.iter().map(|p| (p.lines, p.headings.as_str())).collect();
        assert_eq!(seen, [((1, 2), "Bus"), ((4, 6), "Bus / Order"), ((7, 8), "Bus / Lag")]);
    }

    #[test]
    fn a_long_run_is_cut() {
        let text = "x\n".repeat(30);
        let passages = cut("a.rs", &text);
        assert_eq!(passages.iter().map(|p| p.lines).collect::<Vec<_>>(), [(1, 14), (15, 28), (29, 30)]);
    }
}
