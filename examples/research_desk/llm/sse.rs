//! Server-sent events: takes bytes and returns the `data` of each event.

/// Joins the parts of a stream, however the network splits them.
#[derive(Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    data: String,
}

impl Decoder {
    /// Takes the next bytes and returns the data of every event that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut done = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line(&mut done);
            } else {
                self.line.push(*byte);
            }
        }
        done
    }

    fn end_line(&mut self, done: &mut Vec<String>) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line));
        if line.is_empty() {
            if !self.data.is_empty() {
                done.push(std::mem::take(&mut self.data));
            }
        } else if let Some(data) = line.strip_prefix("data:") {
            if !self.data.is_empty() {
                self.data.push('\n');
            }
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
        // Other fields (event, id, retry, comments) do not occur in this protocol, or are not
        // needed.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_events() {
        let text = "data: {\"a\": \"ü\"}\n\n: ping\r\n\r\ndata: one\ndata:two\n\nevent: x\ndata: [DONE]\n\n"
            .as_bytes();
        let expected = ["{\"a\": \"ü\"}", "one\ntwo", "[DONE]"];
        assert_eq!(Decoder::default().push(text), expected);
        for cut in 0..=text.len() {
            let mut decoder = Decoder::default();
            let mut seen = decoder.push(&text[..cut]);
            seen.extend(decoder.push(&text[cut..]));
            assert_eq!(seen, expected, "cut at {cut}");
        }
    }

    #[test]
    fn an_unfinished_event_is_not_an_event() {
        assert!(Decoder::default().push(b"data: half\n").is_empty());
    }
}
