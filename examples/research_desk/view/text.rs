//! Text for a terminal: colours where they are enabled, and foreign text without control
//! characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Colours text, or returns it unchanged if colours are off.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// One of six colours, the same for the same number, so that one execution has one colour.
    pub(crate) fn nth(self, number: usize, text: &str) -> String {
        self.with(["36", "35", "33", "34", "92", "95"][number % 6], text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// `text` as one line of at most `width` columns. Line ends become spaces, control characters are
/// left out.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let mut line = String::new();
    let mut used = 0;
    for c in text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !steers(*c)) {
        if c == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        let columns = c.width().unwrap_or(0);
        if used + columns > width {
            return shortened(line, width);
        }
        line.push(c);
        used += columns;
    }
    line
}

/// The end of `text` rather than its beginning.
pub(crate) fn tail(text: &str, width: usize) -> String {
    let from = text.char_indices().rev().nth(width.saturating_mul(2)).map_or(0, |(at, _)| at);
    let mut line = one_line(&text[from..], usize::MAX);
    while line.width() > width {
        line.remove(0);
    }
    line
}

/// Several lines of foreign text, each without control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !steers(*c)).collect()
}

/// `text` with spaces up to `width` columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(spaces))
}

fn shortened(mut line: String, width: usize) -> String {
    while line.width() >= width.max(1) {
        line.pop();
    }
    if width > 0 {
        line.push('…');
    }
    line
}

/// Escape sequences, and the marks that turn the direction of writing.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_screen() {
        assert_eq!(one_line("a\x1b[2Jb\r\n  c\u{202e}d\0", 80), "a[2Jb cd");
        assert_eq!(plain("a\x1bb\nc"), "ab\nc");
    }

    #[test]
    fn lines_fit_whatever_the_script() {
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
        assert_eq!(one_line("事件总线", 6), "事件…");
        assert_eq!(one_line("abc", 0), "");
        assert_eq!(tail("one two three", 5), "three");
        assert_eq!(pad("事", 4), "事  ");
    }

    #[test]
    fn no_colour_means_no_escape() {
        assert_eq!(Paint(false).red("x"), "x");
        assert_eq!(Paint(true).red("x"), "\x1b[31mx\x1b[0m");
    }
}
