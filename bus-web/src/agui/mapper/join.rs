//! The beginning of a body for a client that joins in the middle.

use std::time::SystemTime;

use serde_json::Value;

use super::node::Node;
use super::{Mapper, Phase, push};
use crate::agui::event::{AguiEvent, Body};

impl Mapper {
    /// Returns how a body begins for a client that joins here: the run, the messages so far, the
    /// open steps and texts, and its end if it has ended. `sent` are the messages that the client
    /// has.
    ///
    /// Parts of texts that wait are among the messages: their events are not sent again.
    pub fn join(&mut self, sent: &[Value], at: SystemTime) -> Vec<AguiEvent> {
        let mut ignored = Vec::new();
        self.flush(at, &mut ignored);
        let mut out = Vec::new();
        let is_begun = self.phase != Phase::Unknown;
        if is_begun {
            push(&mut out, self.run_started(), at);
        } else {
            self.begin(at, &mut out);
        }
        push(&mut out, Body::MessagesSnapshot { messages: self.messages.behind(sent) }, at);
        let gaps = if is_begun { &self.gaps[..] } else { &[] };
        for gap in gaps {
            push(&mut out, gap.clone(), at);
        }
        if self.is_state_known {
            push(&mut out, Body::StateSnapshot { snapshot: Value::Object(self.state.clone()) }, at);
        }
        for (_, name) in &self.steps {
            push(&mut out, Body::StepStarted { step_name: name.clone() }, at);
        }
        let mut starts = Vec::new();
        self.nodes.values_mut().flat_map(Node::flows).for_each(|flow| flow.start(&mut starts));
        starts.extend(self.terminal.clone().filter(|_| self.is_ended()));
        for body in starts {
            push(&mut out, body, at);
        }
        out
    }
}
