//! The messages that a client has after some events, for a client that joins later.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::event::Body;

/// The messages that the events of a thread make.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    list: Vec<Message>,
    /// The positions in the order in which a client shows them.
    order: Vec<usize>,
    /// The id to the position of its message.
    known: HashMap<String, usize>,
    /// The id of a tool call to the position of its message.
    calls: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
struct Message {
    id: String,
    role: &'static str,
    content: Option<String>,
    calls: Vec<Call>,
    /// The call that a result is of.
    call: Option<String>,
}

#[derive(Debug, Clone)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Messages {
    /// Takes the next event into account, as a client does.
    pub(super) fn apply(&mut self, event: &Body) {
        match event {
            Body::TextMessageStart { message_id, role } => {
                self.entry(message_id, role).content.get_or_insert_default();
            }
            Body::ReasoningMessageStart { message_id, .. } => {
                self.entry(message_id, "reasoning").content.get_or_insert_default();
            }
            Body::TextMessageContent { message_id, delta }
            | Body::ReasoningMessageContent { message_id, delta } => {
                if let Some(at) = self.known.get(message_id) {
                    self.list[*at].content.get_or_insert_default().push_str(delta);
                }
            }
            Body::ToolCallStart { tool_call_id, tool_call_name, parent_message_id } => {
                self.entry(parent_message_id, "assistant").calls.push(Call {
                    id: tool_call_id.clone(),
                    name: tool_call_name.clone(),
                    arguments: String::new(),
                });
                self.calls.insert(tool_call_id.clone(), self.known[parent_message_id]);
            }
            Body::ToolCallArgs { tool_call_id, delta } => {
                let Some(at) = self.calls.get(tool_call_id) else { return };
                let call = self.list[*at].calls.iter_mut().find(|call| call.id == *tool_call_id);
                if let Some(call) = call {
                    call.arguments.push_str(delta);
                }
            }
            Body::ToolCallResult { message_id, tool_call_id, content, .. } => {
                let result = self.entry(message_id, "tool");
                result.content = Some(content.clone());
                result.call = Some(tool_call_id.clone());
                self.put_behind_its_call(tool_call_id);
            }
            _ => {}
        }
    }

    fn entry(&mut self, id: &str, role: &'static str) -> &mut Message {
        let next = self.list.len();
        let at = *self.known.entry(id.to_owned()).or_insert(next);
        if at == next {
            let id = id.to_owned();
            self.list.push(Message { id, role, content: None, calls: Vec::new(), call: None });
            self.order.push(at);
        }
        &mut self.list[at]
    }

    /// Clients put the newest result behind the message with its call, and behind the results that
    /// are there: models accept it nowhere else.
    fn put_behind_its_call(&mut self, call: &str) {
        let Some(owner) = self.calls.get(call) else { return };
        let Some(owner) = self.order.iter().position(|at| at == owner) else { return };
        let Some(result) = self.order.pop() else { return };
        let behind = self.order[owner + 1..].iter().take_while(|at| self.list[**at].role == "tool").count();
        self.order.insert(owner + 1 + behind, result);
    }

    /// Returns the messages that a client sent, each that this thread knows too as it is now, and
    /// behind them the others: a snapshot removes from the client what it does not have.
    pub(super) fn behind(&self, sent: &[Value]) -> Vec<Value> {
        let id_of = |message: &Value| message["id"].as_str().and_then(|id| self.known.get(id)).copied();
        let mut out: Vec<Value> = sent
            .iter()
            .map(|message| id_of(message).map_or_else(|| message.clone(), |at| self.list[at].to_json()))
            .collect();
        let there: Vec<usize> = sent.iter().filter_map(id_of).collect();
        let rest = self.order.iter().filter(|at| !there.contains(at));
        out.extend(rest.map(|at| self.list[*at].to_json()));
        out
    }
}

impl Message {
    /// An absent field is left out: null is rejected.
    fn to_json(&self) -> Value {
        let mut out = json!({ "id": self.id, "role": self.role });
        if let Some(content) = &self.content {
            out["content"] = json!(content);
        }
        if let Some(call) = &self.call {
            out["toolCallId"] = json!(call);
        }
        if !self.calls.is_empty() {
            out["toolCalls"] = self.calls.iter().map(Call::to_json).collect();
        }
        out
    }
}

impl Call {
    fn to_json(&self) -> Value {
        let function = json!({ "name": self.name, "arguments": self.arguments });
        json!({ "id": self.id, "type": "function", "function": function })
    }
}
