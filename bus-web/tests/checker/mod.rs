//! The rules of AG-UI about the order of events, and the messages that a client makes of them:
//! written from its specification, with nothing from the mapper.

use std::collections::BTreeSet;

use bus_web::agui::AguiEvent;
use serde_json::{Value, json};

/// A client: its messages over several runs.
#[derive(Debug, Default)]
pub(crate) struct Client {
    messages: Vec<Value>,
    ids: Vec<String>,
}

/// The state of one run.
#[derive(Debug, Default)]
struct Run {
    is_begun: bool,
    is_over: bool,
    texts: BTreeSet<String>,
    reasoning: BTreeSet<String>,
    thoughts: BTreeSet<String>,
    calls: BTreeSet<String>,
    /// The calls that were started in this run.
    started: BTreeSet<String>,
    steps: BTreeSet<String>,
    /// The messages that ended in this run.
    closed: BTreeSet<String>,
    has_state: bool,
}

impl Client {
    /// Reads one body: a whole run.
    pub(crate) fn read(&mut self, body: &[AguiEvent]) -> Result<(), String> {
        let run = self.events(body)?;
        let open = [&run.texts, &run.reasoning, &run.thoughts, &run.calls, &run.steps];
        if !run.is_over {
            return Err("the body has no terminal event".to_owned());
        }
        if open.iter().any(|open| !open.is_empty()) {
            return Err(format!("open at the end: {open:?}"));
        }
        Ok(())
    }

    /// Reads a body that is cut.
    pub(crate) fn read_cut(&mut self, body: &[AguiEvent]) {
        // Several runs may be in it.
        for run in body.split_inclusive(AguiEvent::is_terminal) {
            self.events(run).unwrap_or_else(|problem| panic!("{problem}"));
        }
    }

    pub(crate) fn messages(&self) -> Vec<Value> {
        self.messages.clone()
    }

    /// The ids of messages and calls.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.ids.clone()
    }

    fn events(&mut self, body: &[AguiEvent]) -> Result<Run, String> {
        let mut run = Run::default();
        for event in body {
            let event = serde_json::to_value(event).unwrap();
            run.step(&event).map_err(|problem| format!("{problem}: {event}"))?;
            self.apply(&event)?;
        }
        Ok(run)
    }

    fn message(&mut self, id: &Value) -> Option<&mut Value> {
        self.messages.iter_mut().find(|message| message["id"] == *id)
    }

    fn begin(&mut self, id: &Value, role: &str) {
        if self.message(id).is_none() {
            self.ids.push(id.as_str().unwrap().to_owned());
            self.messages.push(json!({ "id": id, "role": role, "content": "" }));
        }
    }

    fn apply(&mut self, event: &Value) -> Result<(), String> {
        let id = &event["messageId"];
        match event["type"].as_str().unwrap() {
            "TEXT_MESSAGE_START" => self.begin(id, "assistant"),
            "REASONING_MESSAGE_START" => self.begin(id, "reasoning"),
            "TEXT_MESSAGE_CONTENT" | "REASONING_MESSAGE_CONTENT" => {
                let message = self.message(id).ok_or("no such message")?;
                message["content"] = json!(format!("{}{}", text(&message["content"]), text(&event["delta"])));
            }
            "TOOL_CALL_START" => {
                let parent = &event["parentMessageId"];
                if self.message(parent).is_none() {
                    self.messages.push(json!({ "id": parent, "role": "assistant" }));
                }
                let function = json!({ "name": event["toolCallName"], "arguments": "" });
                let call = json!({ "id": event["toolCallId"], "type": "function", "function": function });
                self.ids.push(text(&event["toolCallId"]).to_owned());
                let message = self.message(parent).ok_or("no parent")?;
                if message["toolCalls"].is_null() {
                    message["toolCalls"] = json!([]);
                }
                message["toolCalls"].as_array_mut().unwrap().push(call);
            }
            "TOOL_CALL_ARGS" => {
                let calls =
                    self.messages.iter_mut().filter_map(|message| message["toolCalls"].as_array_mut());
                let call =
                    calls.flatten().find(|call| call["id"] == event["toolCallId"]).ok_or("no such call")?;
                let arguments = format!("{}{}", text(&call["function"]["arguments"]), text(&event["delta"]));
                call["function"]["arguments"] = json!(arguments);
            }
            "TOOL_CALL_RESULT" => {
                if self.message(id).is_some() {
                    return Err(format!("a second result has the id {id}"));
                }
                let call = &event["toolCallId"];
                let message =
                    json!({ "id": id, "role": "tool", "content": event["content"], "toolCallId": call });
                // Behind the message with the call, and the results that are there.
                let is_owner = |message: &Value| {
                    let mut calls = message["toolCalls"].as_array().into_iter().flatten();
                    calls.any(|other| other["id"] == *call)
                };
                let owner = self.messages.iter().position(is_owner).ok_or("no such call")?;
                let results =
                    self.messages[owner + 1..].iter().take_while(|message| message["role"] == "tool");
                let at = owner + 1 + results.count();
                self.messages.insert(at, message);
            }
            "MESSAGES_SNAPSHOT" => self.messages.clone_from(event["messages"].as_array().unwrap()),
            _ => {}
        }
        // Indexing makes null where nothing was.
        for message in &mut self.messages {
            message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        Ok(())
    }
}

impl Run {
    fn step(&mut self, event: &Value) -> Result<(), String> {
        let kind = text(&event["type"]);
        if self.is_over {
            return Err("an event behind the end".to_owned());
        }
        if self.is_begun == (kind == "RUN_STARTED") {
            return Err("a run begins once, with RUN_STARTED".to_owned());
        }
        if event.as_object().unwrap().iter().any(|(name, value)| value.is_null() && name != "value") {
            return Err("null".to_owned());
        }
        let (id, call) = (text(&event["messageId"]).to_owned(), text(&event["toolCallId"]).to_owned());
        let is_fine = match kind {
            "RUN_STARTED" => {
                self.is_begun = true;
                !text(&event["threadId"]).is_empty() && !text(&event["runId"]).is_empty()
            }
            "RUN_FINISHED" | "RUN_ERROR" => {
                self.is_over = true;
                true
            }
            "TEXT_MESSAGE_START" => !self.closed.contains(&id) && self.texts.insert(id),
            "TEXT_MESSAGE_CONTENT" => self.texts.contains(&id) && !text(&event["delta"]).is_empty(),
            "TEXT_MESSAGE_END" => self.closed.insert(id.clone()) && self.texts.remove(&id),
            "REASONING_START" => self.reasoning.insert(id),
            "REASONING_MESSAGE_START" => {
                !self.closed.contains(&id) && self.reasoning.contains(&id) && self.thoughts.insert(id)
            }
            "REASONING_MESSAGE_CONTENT" => self.thoughts.contains(&id) && !text(&event["delta"]).is_empty(),
            "REASONING_MESSAGE_END" => self.closed.insert(id.clone()) && self.thoughts.remove(&id),
            "REASONING_END" => !self.thoughts.contains(&id) && self.reasoning.remove(&id),
            "TOOL_CALL_START" => self.started.insert(call.clone()) && self.calls.insert(call),
            "TOOL_CALL_ARGS" => self.calls.contains(&call),
            "TOOL_CALL_END" => self.calls.remove(&call),
            "TOOL_CALL_RESULT" => !self.calls.contains(&call),
            "STEP_STARTED" => self.steps.insert(text(&event["stepName"]).to_owned()),
            "STEP_FINISHED" => self.steps.remove(text(&event["stepName"])),
            "STATE_SNAPSHOT" => !std::mem::replace(&mut self.has_state, true),
            "STATE_DELTA" => self.has_state,
            "CUSTOM" => event.get("value").is_some(),
            "MESSAGES_SNAPSHOT" => true,
            _ => false,
        };
        if is_fine { Ok(()) } else { Err("out of order".to_owned()) }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A line for each message: its role, its text and its calls.
pub(crate) fn lines(messages: &[Value]) -> Vec<String> {
    messages.iter().map(line).collect()
}

fn line(message: &Value) -> String {
    let mut line = format!("{}|{}", text(&message["role"]), text(&message["content"]));
    for call in message["toolCalls"].as_array().into_iter().flatten() {
        let function = &call["function"];
        line.extend(["|", text(&function["name"]), "(", text(&function["arguments"]), ")"]);
    }
    line
}
