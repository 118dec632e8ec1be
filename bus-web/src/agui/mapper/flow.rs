//! A text that is being said, in parts.

use std::time::{Duration, SystemTime};

use crate::agui::event::Body;

/// The text, or the reasoning, of one node.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    pub(super) is_reasoning: bool,
    /// The id of the open message.
    open: Option<String>,
    /// All that was said in this round, also in messages that are closed.
    whole: String,
    /// Said and not sent.
    pending: String,
    /// The time of the last part that was sent.
    sent: Option<SystemTime>,
}

/// The next part of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// It belongs to the open message.
    More(String),
    /// It begins a message; `whole` is the text of the round with it.
    Begin { part: String, whole: String },
}

impl Flow {
    pub(super) fn new(is_reasoning: bool) -> Self {
        Self { is_reasoning, ..Self::default() }
    }

    /// Decides from the text so far, which an event may have, whether a text is another one and
    /// which part of it is new.
    pub(super) fn next(&self, content: String, snapshot: Option<String>) -> Next {
        let snapshot = snapshot.filter(|snapshot| !snapshot.is_empty());
        let Some(snapshot) = snapshot else { return self.append(content) };
        // The first part of a text.
        if snapshot == content && !self.whole.is_empty() {
            return Next::Begin { part: content, whole: snapshot };
        }
        match snapshot.strip_prefix(&self.whole) {
            // More than the content where parts were lost.
            Some(part) => self.append(part.to_owned()),
            None => Next::Begin { part: snapshot.clone(), whole: snapshot },
        }
    }

    fn append(&self, part: String) -> Next {
        match self.open {
            Some(_) => Next::More(part),
            None => Next::Begin { whole: format!("{}{part}", self.whole), part },
        }
    }

    pub(super) fn open(&mut self, id: String, whole: String, part: String, out: &mut Vec<Body>) {
        self.open = Some(id);
        self.whole = whole;
        self.pending = part;
        self.sent = None;
        self.start(out);
    }

    /// Sends the start of the open message: once more for a client that joins.
    pub(super) fn start(&self, out: &mut Vec<Body>) {
        let Some(message_id) = self.open.clone() else { return };
        if self.is_reasoning {
            out.push(Body::ReasoningStart { message_id: message_id.clone() });
            out.push(Body::ReasoningMessageStart { message_id, role: "reasoning" });
        } else {
            out.push(Body::TextMessageStart { message_id, role: "assistant" });
        }
    }

    pub(super) fn more(&mut self, part: &str) {
        self.whole.push_str(part);
        self.pending.push_str(part);
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Sends what was said if the last part is long enough ago. A clock that went back is, too.
    pub(super) fn send_due(&mut self, at: SystemTime, pace: Duration, out: &mut Vec<Body>) {
        let is_due = self.sent.is_none_or(|sent| at.duration_since(sent).map_or(true, |since| since >= pace));
        if is_due && self.has_pending() {
            self.sent = Some(at);
            self.send(out);
        }
    }

    pub(super) fn send(&mut self, out: &mut Vec<Body>) {
        let Some(message_id) = self.open.clone().filter(|_| self.has_pending()) else { return };
        let delta = std::mem::take(&mut self.pending);
        out.push(if self.is_reasoning {
            Body::ReasoningMessageContent { message_id, delta }
        } else {
            Body::TextMessageContent { message_id, delta }
        });
    }

    pub(super) fn close(&mut self, out: &mut Vec<Body>) {
        self.send(out);
        let Some(message_id) = self.open.take() else { return };
        if self.is_reasoning {
            out.push(Body::ReasoningMessageEnd { message_id: message_id.clone() });
            out.push(Body::ReasoningEnd { message_id });
        } else {
            out.push(Body::TextMessageEnd { message_id });
        }
    }

    pub(super) fn next_round(&mut self) {
        self.whole.clear();
    }
}
