//! One node of an execution: its texts, its reasoning and its tool calls.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bus_core::EventId;
use serde_json::Value;

use super::flow::{Flow, Next};
use crate::agui::event::Body;
use crate::agui::ids::Ids;

/// Where an event happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) node: &'a str,
    pub(super) event: Option<EventId>,
    pub(super) at: SystemTime,
    pub(super) pace: Duration,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// The kind of the event to its text: a node may say one to the user and one to itself.
    flows: BTreeMap<String, Flow>,
    /// The id of the round's last message, which tool calls belong to.
    turn: Option<String>,
    /// The id of a call in the program to that of AG-UI.
    calls: BTreeMap<String, String>,
    /// A call of this round has a result.
    is_answered: bool,
}

impl Node {
    pub(super) fn say(
        &mut self,
        kind: &str,
        said: (bool, String, Option<String>),
        place: Place<'_>,
        ids: &mut Ids,
        out: &mut Vec<Body>,
    ) {
        let (is_reasoning, content, snapshot) = said;
        self.close_others(is_reasoning, out);
        let flow = self.flows.entry(kind.to_owned()).or_insert_with(|| Flow::new(is_reasoning));
        match flow.next(content, snapshot) {
            Next::More(part) => flow.more(&part),
            Next::Begin { part, .. } if part.is_empty() => {}
            Next::Begin { part, whole } => {
                flow.close(out);
                let id = ids.message(place.event, place.node);
                if !is_reasoning {
                    self.turn = Some(id.clone());
                    self.is_answered = false;
                }
                flow.open(id, whole, part, out);
            }
        }
        flow.send_due(place.at, place.pace, out);
    }

    /// Reasoning ends before text, and text before reasoning.
    fn close_others(&mut self, is_reasoning: bool, out: &mut Vec<Body>) {
        self.flows
            .values_mut()
            .filter(|flow| flow.is_reasoning != is_reasoning)
            .for_each(|flow| flow.close(out));
    }

    pub(super) fn call(
        &mut self,
        (call, name, input): (String, String, &Value),
        place: Place<'_>,
        ids: &mut Ids,
        out: &mut Vec<Body>,
    ) {
        let id = self.start_call(call, name, place, ids, out);
        out.push(Body::ToolCallArgs { tool_call_id: id.clone(), delta: input.to_string() });
        out.push(Body::ToolCallEnd { tool_call_id: id });
    }

    fn start_call(
        &mut self,
        call: String,
        name: String,
        place: Place<'_>,
        ids: &mut Ids,
        out: &mut Vec<Body>,
    ) -> String {
        self.close(out);
        // A call behind the results of all calls before it is of another answer of the model.
        if self.is_answered && self.calls.is_empty() {
            self.turn = None;
        }
        self.is_answered = false;
        let parent = self.turn.get_or_insert_with(|| ids.message(place.event, place.node)).clone();
        let id = ids.call(place.event, place.node, &call);
        out.push(Body::ToolCallStart {
            tool_call_id: id.clone(),
            tool_call_name: name,
            parent_message_id: parent,
        });
        self.calls.insert(call, id.clone());
        id
    }

    pub(super) fn result(
        &mut self,
        (call, name, content): (String, String, String),
        place: Place<'_>,
        ids: &mut Ids,
        out: &mut Vec<Body>,
    ) {
        if !self.calls.contains_key(&call) {
            let id = self.start_call(call.clone(), name, place, ids, out);
            out.push(Body::ToolCallEnd { tool_call_id: id });
        }
        let Some(id) = self.calls.remove(&call) else { return };
        self.is_answered = true;
        let message_id = format!("{id}:result");
        out.push(Body::ToolCallResult { message_id, tool_call_id: id, content, role: "tool" });
    }

    pub(super) fn next_round(&mut self, out: &mut Vec<Body>) {
        self.close(out);
        self.turn = None;
        self.flows.values_mut().for_each(Flow::next_round);
    }

    pub(super) fn close(&mut self, out: &mut Vec<Body>) {
        self.flows.values_mut().for_each(|flow| flow.close(out));
    }

    pub(super) fn flows(&mut self) -> impl Iterator<Item = &mut Flow> {
        self.flows.values_mut()
    }
}
