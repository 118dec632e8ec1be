//! Frames of server-sent events.

/// One frame that was sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Empty for an event of the bus.
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) data: String,
}

/// Puts the bytes of an answer together to frames.
#[derive(Default)]
pub(super) struct Frames {
    /// A line whose end has not come yet.
    rest: Vec<u8>,
    frame: Frame,
    has_data: bool,
}

impl Frames {
    /// Takes the next bytes, and returns the frames that end in them. Comments are none.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut found = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.pop_if(|byte| *byte == b'\n').is_some() {
                let line = std::mem::take(&mut self.rest);
                self.line(&String::from_utf8_lossy(&line), &mut found);
            }
        }
        found
    }

    fn line(&mut self, line: &str, found: &mut Vec<Frame>) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            if std::mem::take(&mut self.has_data) {
                found.push(frame);
            }
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.frame.name),
            "id" => self.frame.id = Some(value.to_owned()),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_whole_wherever_the_bytes_are_cut() {
        let sent =
            ": hello\nretry: 1000\nid: a-1\ndata: {\"n\":\"é\"}\n\n: \nevent: live\ndata: {}\n\n".as_bytes();
        let frame = |name: &str, id: Option<&str>, data: &str| Frame {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            data: data.to_owned(),
        };
        let whole = [frame("", Some("a-1"), "{\"n\":\"é\"}"), frame("live", None, "{}")];
        for cut in 0..sent.len() {
            let mut frames = Frames::default();
            let mut found = frames.take(&sent[..cut]);
            found.extend(frames.take(&sent[cut..]));
            assert_eq!(found, whole, "cut at {cut}");
        }
    }
}
