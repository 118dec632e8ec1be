//! The screen: lines that scroll, and below them a block that is redrawn.

use std::io::{self, IsTerminal, Write};

use super::text::Paint;

/// Standard output. If it closes (`| head`), further output is dropped and the work goes on.
pub(crate) struct Screen {
    out: io::Stdout,
    paint: Paint,
    live: bool,
    width: usize,
    /// The most lines of the block.
    height: usize,
    block: Vec<String>,
    drawn: usize,
    gone: bool,
}

impl Screen {
    /// Colours and the redrawn block only on a terminal; `NO_COLOR` switches the colours off.
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        let terminal = out.is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let mut screen = Self {
            out,
            paint: Paint(terminal && !plain && !dumb),
            live: terminal && !dumb,
            width: 0,
            height: 0,
            block: Vec::new(),
            drawn: 0,
            gone: false,
        };
        screen.measure();
        screen
    }

    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// The width of a line.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Prints a line above the block.
    pub(crate) fn line(&mut self, line: &str) {
        let mut text = self.erase();
        text.push_str(line);
        text.push('\n');
        self.draw(text);
    }

    /// Replaces the lines of the block.
    pub(crate) fn set_block(&mut self, mut lines: Vec<String>) {
        // Lines beyond the terminal's height could not be redrawn.
        let more = lines.len().saturating_sub(self.height);
        if more > 0 {
            lines.truncate(self.height - 1);
            lines.push(format!("… {} more", more + 1));
        }
        if !self.live || lines == self.block {
            return;
        }
        self.measure();
        let text = self.erase();
        self.block = lines;
        self.draw(text);
    }

    /// Leaves the block as it is and continues below it.
    pub(crate) fn end_block(&mut self) {
        self.block.clear();
        self.drawn = 0;
    }

    fn erase(&mut self) -> String {
        let lines = std::mem::take(&mut self.drawn);
        // Moves up to the block's first line, then clears everything below.
        if lines > 0 { format!("\x1b[{lines}A\r\x1b[J") } else { String::new() }
    }

    fn draw(&mut self, mut text: String) {
        for line in &self.block {
            text.push_str(line);
            text.push('\n');
        }
        self.drawn = self.block.len();
        if !self.gone {
            let mut out = self.out.lock();
            self.gone = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err();
        }
    }

    fn measure(&mut self) {
        let size = if self.live { terminal_size::terminal_size() } else { None };
        // A file has no width, but its readers have.
        let (columns, rows) = size.map_or((160, 24), |(width, height)| (width.0.into(), height.0.into()));
        self.width = columns.max(40) - 1;
        self.height = rows.max(4) - 2;
    }
}
