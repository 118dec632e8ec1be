//! Foreign text in errors and in the log: kinds, names, keys, and what other code's errors say.

use std::fmt::{self, Write};

/// Text up to so many bytes stands as it is: every kind, and nearly every error.
const WHOLE: usize = 400;

/// Bytes that are kept of the beginning of a longer text.
const HEAD: usize = 240;

/// Bytes that are kept of its end, where errors say what they expected.
const TAIL: usize = 120;

/// Foreign text as it stands in an error or in the log: on one line, with nothing that moves a
/// terminal's cursor or turns the direction of writing, and shortened in the middle where it is
/// long.
pub(crate) struct Excerpt<'a>(&'a str);

/// Shows `text` escaped and shortened.
pub(crate) fn excerpt(text: &str) -> Excerpt<'_> {
    Excerpt(text)
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0;
        if text.len() <= WHOLE {
            return escaped(text, f);
        }
        let (head, tail) = (text.floor_char_boundary(HEAD), text.ceil_char_boundary(text.len() - TAIL));
        escaped(&text[..head], f)?;
        write!(f, " … {} bytes left out … ", tail - head)?;
        escaped(&text[tail..], f)
    }
}

fn escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.chars().try_for_each(|char| {
        if is_plain(char) { f.write_char(char) } else { write!(f, "{}", char.escape_default()) }
    })
}

/// Neither a control character nor one that breaks lines or turns the direction of writing.
fn is_plain(char: char) -> bool {
    let turns = matches!(char, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    !char.is_control() && !turns && !matches!(char, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn short_text_stands_as_it_is_but_on_one_line() {
        for (text, expected) in [
            ("tool_call_started", "tool_call_started"),
            ("größer als 5 \"…\" \\", "größer als 5 \"…\" \\"),
            ("a\nERROR forged\r\tb\0", "a\\nERROR forged\\r\\tb\\u{0}"),
            ("\u{1b}[2J\u{85}\u{9b}", "\\u{1b}[2J\\u{85}\\u{9b}"),
            ("\u{202E}txt\u{2066}\u{2028}", "\\u{202e}txt\\u{2066}\\u{2028}"),
        ] {
            assert_eq!(excerpt(text).to_string(), expected);
        }
    }

    #[test]
    fn long_text_keeps_beginning_and_end() {
        for char in ["x", "é", "語", "🙂", "\n"] {
            let text = format!("begin{}end", char.repeat(1 << 20));
            let shown = excerpt(&text).to_string();
            assert!(shown.starts_with("begin") && shown.ends_with("end"), "{shown}");
            assert!(shown.contains(" bytes left out … ") && shown.len() < 800, "{} bytes", shown.len());
        }
        assert_eq!(excerpt(&"x".repeat(400)).to_string().len(), 400);
    }
}
