//! Rows for a person, lines for a program.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use unicode_width::UnicodeWidthChar;

use crate::args::View;
use crate::source::Gap;

/// The width where no terminal says one.
const WIDTH: usize = 120;

/// The output of a command.
pub(crate) struct Output {
    out: BufWriter<Stdout>,
    pub(crate) json: bool,
    pub(crate) width: usize,
    color: bool,
}

/// The colours of the terminal's own palette.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Plain,
    Dim,
    Bold,
    Error,
}

impl Output {
    pub(crate) fn new(view: &View) -> Self {
        let terminal = io::stdout().is_terminal();
        let columns = terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            // A width that was asked for is for rows, wherever they go.
            json: view.json || !(terminal || view.width.is_some()),
            width: view.width.or(columns.filter(|_| terminal)).unwrap_or(WIDTH),
            color: view.color.unwrap_or(terminal && !no_color),
        }
    }

    /// Whether there is no space for columns of a comfortable width.
    pub(crate) fn is_narrow(&self) -> bool {
        self.width < 100
    }

    /// Writes a line as it is.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Where lines are written that are ready to be.
    pub(crate) fn lines(&mut self) -> Lines<'_> {
        Lines { out: &mut self.out, any: false }
    }

    /// Writes a gap: a line of its own in every output.
    pub(crate) fn gap(&mut self, gap: &Gap) -> io::Result<()> {
        if !self.json {
            let text = format!("! {gap}");
            return self.row(&[Cell::new(&text, 0).style(Style::Error)]);
        }
        self.line(&gap.line())
    }

    /// Writes a row of cells, the last one cut at the width.
    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let mut left = self.width;
        for (at, cell) in cells.iter().enumerate() {
            let is_last = at + 1 == cells.len();
            let width = if is_last { left } else { cell.width.min(left) };
            let text = if cell.is_id { tail(cell.text, width) } else { cell.text.into() };
            let (text, used) = cut(&text, width);
            self.styled(cell.style, &text)?;
            if !is_last {
                let space = (width - used) + usize::from(left > width);
                write!(self.out, "{:space$}", "")?;
                left = left.saturating_sub(width + 1);
            }
        }
        self.out.write_all(b"\n")
    }

    /// Writes a text of any length over as many lines as it needs.
    pub(crate) fn wrapped(&mut self, text: &str) -> io::Result<()> {
        let mut used = 0;
        for char in text.chars() {
            let (part, columns) = shown(char);
            if used + columns > self.width {
                self.out.write_all(b"\n")?;
                used = 0;
            }
            self.out.write_all(part.as_bytes())?;
            used += columns;
        }
        self.out.write_all(b"\n")
    }

    fn styled(&mut self, style: Style, text: &str) -> io::Result<()> {
        let code = match style {
            Style::Dim => "2",
            Style::Bold => "1",
            Style::Error => "31",
            Style::Plain => "",
        };
        if self.color && !code.is_empty() {
            write!(self.out, "\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            self.out.write_all(text.as_bytes())
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes lines that somebody else makes.
pub(crate) struct Lines<'a> {
    out: &'a mut BufWriter<Stdout>,
    /// Whether there was anything to write.
    pub(crate) any: bool,
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.any |= !bytes.is_empty();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// One cell of a row.
pub(crate) struct Cell<'a> {
    pub(crate) text: &'a str,
    pub(crate) width: usize,
    pub(crate) style: Style,
    is_id: bool,
}

impl<'a> Cell<'a> {
    pub(crate) fn new(text: &'a str, width: usize) -> Self {
        Self { text, width, style: Style::Plain, is_id: false }
    }

    /// The end of an id tells it from others: its beginning is cut.
    pub(crate) fn id(text: &'a str, width: usize) -> Self {
        Self { is_id: true, ..Self::new(text, width) }
    }

    pub(crate) fn style(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

/// The last characters of an id that is longer than this.
fn tail(text: &str, width: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= width || width == 0 {
        return text.into();
    }
    let rest: String = text.chars().skip(length - width + 1).collect();
    format!("…{rest}").into()
}

/// A character for a terminal, and its width. One that would move the cursor, change colours or the
/// direction of reading is shown as its number.
fn shown(char: char) -> (String, usize) {
    match char.width() {
        Some(columns) if !is_hidden(char) => (char.to_string(), columns),
        _ => {
            let number = char.escape_unicode().to_string();
            let columns = number.len();
            (number, columns)
        }
    }
}

/// A text for a terminal, at most so wide, and its width.
fn cut(text: &str, width: usize) -> (String, usize) {
    let (mut shown, mut used) = (String::new(), 0);
    for char in text.chars() {
        let (part, columns) = self::shown(char);
        if used + columns > width {
            return (end(shown, used, width), width.min(used + 1).max(used));
        }
        shown += &part;
        used += columns;
    }
    (shown, used)
}

/// A text that was cut ends with `…`.
fn end(mut shown: String, mut used: usize, width: usize) -> String {
    while used + 1 > width {
        match shown.pop() {
            Some(last) => used -= last.width().unwrap_or(0),
            None => return shown,
        }
    }
    shown.push('…');
    shown
}

/// Marks that change the direction of text, or show nothing.
fn is_hidden(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_text_is_cut_at_its_columns_and_says_so() {
        assert_eq!(cut("planner", 7), ("planner".to_owned(), 7));
        assert_eq!(cut("planner", 4), ("pla…".to_owned(), 4));
        assert_eq!(cut("漢字漢字", 5), ("漢字…".to_owned(), 5));
        assert_eq!(cut("planner", 0), (String::new(), 0));
    }

    #[test]
    fn no_text_reaches_the_terminal_as_an_escape() {
        assert_eq!(cut("a\u{1b}[2Jb", 40).0, "a\\u{1b}[2Jb");
        assert_eq!(cut("a\u{202e}b\n", 40).0, "a\\u{202e}b\\u{a}");
    }
}
