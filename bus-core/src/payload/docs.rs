//! Doc comments that macros write: only the compiler knows their text.

/// Trims a doc comment as the derive trims one that it can read: no spaces at the ends of lines,
/// and none of those that rustfmt puts before each.
#[doc(hidden)]
#[derive(Debug)]
pub struct DocText<const LENGTH: usize>([u8; LENGTH]);

impl DocText<0> {
    /// The length of the trimmed text.
    pub const fn length(text: &str) -> usize {
        trim(text.as_bytes(), &mut [])
    }
}

impl<const LENGTH: usize> DocText<LENGTH> {
    /// The trimmed text; `LENGTH` is its length.
    pub const fn new(text: &str) -> Self {
        let mut trimmed = [0; LENGTH];
        let _length = trim(text.as_bytes(), &mut trimmed);
        Self(trimmed)
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(&self.0) {
            Ok(text) => text,
            Err(_) => "", // only ASCII was cut off, so it is a text
        }
    }
}

/// Writes the trimmed text as far as there is space, and returns its length.
const fn trim(text: &[u8], out: &mut [u8]) -> usize {
    let (mut at, mut length, mut breaks) = (0, 0, 0);
    while at < text.len() {
        let (mut start, mut end) = (at, at);
        while end < text.len() && text[end] != b'\n' {
            end += 1;
        }
        at = end + 1;
        if start < end && text[start] == b' ' {
            start += 1;
        }
        while start < end && text[end - 1].is_ascii_whitespace() {
            end -= 1;
        }
        while length == 0 && start < end && text[start].is_ascii_whitespace() {
            start += 1;
        }
        // Line breaks are written before the next line that has text, so that none is at the end.
        while length > 0 && start < end && breaks > 0 {
            length = put(b'\n', out, length);
            breaks -= 1;
        }
        if start < end {
            breaks = 0;
        }
        while start < end {
            length = put(text[start], out, length);
            start += 1;
        }
        breaks += 1;
    }
    length
}

const fn put(byte: u8, out: &mut [u8], at: usize) -> usize {
    if at < out.len() {
        out[at] = byte;
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::DocText;

    #[test]
    fn the_text_is_trimmed_as_the_derive_does_it() {
        const RAW: &str = "\n  First.  \n second\n \n   indented\r\nlast\n\n  \n";
        const LENGTH: usize = DocText::length(RAW);
        assert_eq!(DocText::<LENGTH>::new(RAW).as_str(), "First.\nsecond\n\n  indented\nlast");
        assert_eq!(DocText::length(" \n \n"), 0);
    }
}
