//! From the events of one execution to those of AG-UI: a pure function of events and their times.
//!
//! It keeps the order that clients demand: a run begins before anything else, a message is open
//! while it gets content, everything is closed before the one event that ends the run, and nothing
//! follows that.

mod fact;
mod flow;
mod join;
mod node;
mod settings;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use bus_core::catalogue::Life;
use bus_core::{AnyEvent, Lagged, ReadEvent};
use serde_json::{Map, Value, json};

use super::event::{AguiEvent, Body, Interrupt, Outcome};
use super::ids::Ids;
use super::meaning::Meaning;
use super::messages::Messages;

pub use settings::Settings;

use fact::{Fact, result_of};
use node::{Node, Place};

/// Maps the events of one execution to AG-UI.
///
/// An execution is one run, or several: a pause ends a run, and what follows belongs to the next
/// one, which is called `exec-1#2` and names `exec-1` as its parent.
///
/// ```
/// use bus_web::agui::{Mapper, Settings};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = bus_core::EventBus::new();
/// let node = bus.stream("desk").execution("exec-1").node("writer");
/// node.emit_dynamic("llm_text_delta", serde_json::json!({ "content": "Hello" })).await;
/// node.emit_dynamic("weather_changed", serde_json::json!({ "rain": true })).await;
///
/// let mut mapper = Mapper::new(Settings::new("thread-1", "exec-1"));
/// let mut out = Vec::new();
/// for event in bus.history().oldest_first().collect() {
///     mapper.event(&event, &mut out);
/// }
/// mapper.fail("stream_ended", "the events end here", std::time::SystemTime::now(), &mut out);
/// let text: Vec<String> = out.iter().map(|event| event.to_json()).collect();
/// assert!(text[0].starts_with(r#"{"type":"RUN_STARTED","threadId":"thread-1","runId":"exec-1","#));
/// assert!(text[3].contains(r#""type":"CUSTOM","name":"bus.weather_changed","value":{"rain":true}"#));
/// assert!(text[5].contains("RUN_ERROR"));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Mapper {
    settings: Settings,
    ids: Ids,
    /// The number of runs that began.
    runs: u32,
    phase: Phase,
    /// The event that ended the last run.
    terminal: Option<Body>,
    interrupts: Vec<String>,
    /// The open steps: the node and the name.
    steps: Vec<(String, String)>,
    nodes: BTreeMap<String, Node>,
    messages: Messages,
    state: Map<String, Value>,
    is_state_known: bool,
    /// The events of other nodes while the execution is paused.
    waiting: Vec<Fact>,
    /// For clients that join later.
    gaps: Vec<Body>,
    late: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Unknown,
    Running,
    /// It goes on with the step `resumes` of its life, or, where the pause is not of its life, with
    /// any event of the node that asked.
    Paused {
        asked: Option<String>,
    },
    Over,
}

impl Mapper {
    /// Returns a mapper for one execution.
    pub fn new(settings: Settings) -> Self {
        Self {
            ids: Ids::new(&settings.execution),
            state: settings.state.clone(),
            settings,
            runs: 0,
            phase: Phase::Unknown,
            terminal: None,
            interrupts: Vec::new(),
            steps: Vec::new(),
            nodes: BTreeMap::new(),
            messages: Messages::default(),
            is_state_known: false,
            waiting: Vec::new(),
            gaps: Vec::new(),
            late: 0,
        }
    }

    /// Takes the next event of the execution, with the meaning of its kind.
    pub fn event(&mut self, event: &AnyEvent, out: &mut Vec<AguiEvent>) {
        self.event_as(event, None, out);
    }

    /// Takes the next event of the execution; `meaning` is used instead of that of its kind.
    pub fn event_as(&mut self, event: &AnyEvent, meaning: Option<Meaning>, out: &mut Vec<AguiEvent>) {
        self.take(Fact::new(event, Some(event.id()), meaning), out);
    }

    /// Takes the next event of the execution from a recording.
    pub fn read(&mut self, event: &ReadEvent, out: &mut Vec<AguiEvent>) {
        self.take(Fact::new(event, event.id(), None), out);
    }

    /// Reports events that are missing, as a custom event.
    pub fn gap(&mut self, gap: &Lagged, at: SystemTime, out: &mut Vec<AguiEvent>) {
        let mut value = json!({ "from": gap.from, "to": gap.to, "cause": gap.cause });
        if let Some(missed) = gap.missed {
            value["missed"] = json!(missed);
        }
        let gap = self.custom("lagged", value);
        self.gaps.push(gap.clone());
        // It tells nothing of an execution that is not known, and no pause ends with it.
        if self.phase == Phase::Running {
            push(out, gap, at);
        }
    }

    /// Begins the run before its first event, or the next run after a pause. Has no effect on a run
    /// that has begun, and on an execution that is over.
    pub fn begin(&mut self, at: SystemTime, out: &mut Vec<AguiEvent>) {
        if matches!(self.phase, Phase::Running | Phase::Over) {
            return;
        }
        self.send(at, out, Self::begin_run);
        for fact in std::mem::take(&mut self.waiting) {
            self.take(fact, out);
        }
    }

    /// Sends the parts of texts that wait for more, because nothing came.
    pub fn flush(&mut self, at: SystemTime, out: &mut Vec<AguiEvent>) {
        self.send(at, out, |mapper, out| {
            mapper.nodes.values_mut().flat_map(Node::flows).for_each(|flow| flow.send(out));
        });
    }

    /// Returns whether a part of a text waits for more.
    pub fn has_pending(&mut self) -> bool {
        self.nodes.values_mut().flat_map(Node::flows).any(|flow| flow.has_pending())
    }

    /// Ends the run with an error, unless it has ended.
    pub fn fail(&mut self, code: &str, message: &str, at: SystemTime, out: &mut Vec<AguiEvent>) {
        if self.phase == Phase::Unknown {
            self.begin(at, out);
        }
        let (code, message) = (code.to_owned(), message.to_owned());
        self.send(at, out, |mapper, out| {
            if mapper.phase == Phase::Running {
                mapper.finish(Body::RunError { message, code }, Phase::Over, out);
            }
        });
    }

    /// Returns whether the run has ended: nothing of it follows.
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Paused { .. } | Phase::Over)
    }

    /// Returns the interrupt that the execution waits for an answer to, if it is paused.
    pub fn interrupt(&self) -> Option<&str> {
        let is_paused = matches!(self.phase, Phase::Paused { .. });
        self.interrupts.last().filter(|_| is_paused).map(String::as_str)
    }

    /// Returns whether the execution asked with this interrupt, now or before.
    pub fn asked(&self, interrupt: &str) -> bool {
        self.interrupts.iter().any(|known| known == interrupt)
    }

    /// Returns the execution.
    pub fn execution(&self) -> &str {
        &self.settings.execution
    }

    /// Sets the thread of the events from here on.
    pub fn set_thread(&mut self, thread: impl Into<String>) {
        self.settings.thread = thread.into();
    }

    /// Returns whether an event of the execution was seen.
    pub fn is_known(&self) -> bool {
        self.runs > 0
    }

    /// Returns the number of events that came after the end of the execution, which belong to no
    /// run.
    pub fn late(&self) -> u64 {
        self.late
    }

    fn take(&mut self, fact: Fact, out: &mut Vec<AguiEvent>) {
        match &self.phase {
            Phase::Unknown => self.begin(fact.at, out),
            Phase::Running => {}
            Phase::Over if fact.life == Some(Life::Begins) => {
                self.phase = Phase::Unknown;
                self.begin(fact.at, out);
            }
            Phase::Over => {
                self.late += 1;
                return;
            }
            Phase::Paused { asked } => {
                let answers = asked.as_ref() == Some(&fact.node);
                let goes_on = matches!(fact.life, Some(life) if life != Life::Pauses);
                if !answers && !goes_on {
                    self.waiting.push(fact);
                    return;
                }
                self.begin(fact.at, out);
                return self.take(fact, out);
            }
        }
        self.send(fact.at, out, |mapper, out| mapper.apply(fact, out));
    }

    /// Collects events of one time, and counts them in the messages.
    fn send(
        &mut self,
        at: SystemTime,
        out: &mut Vec<AguiEvent>,
        make: impl FnOnce(&mut Self, &mut Vec<Body>),
    ) {
        let mut bodies = Vec::new();
        make(self, &mut bodies);
        for body in bodies {
            self.messages.apply(&body);
            push(out, body, at);
        }
    }

    fn apply(&mut self, fact: Fact, out: &mut Vec<Body>) {
        for flow in self.nodes.values_mut().flat_map(Node::flows) {
            flow.send_due(fact.at, self.settings.pace, out);
        }
        match fact.life {
            Some(Life::Begins | Life::Resumes) => {}
            Some(Life::Pauses) => self.pause(&fact, None, fact.text(&["reason", "prompt", "message"]), out),
            Some(Life::Completes) => {
                let (thread_id, run_id) = self.run();
                let result = result_of(&fact.data);
                let end = Body::RunFinished { thread_id, run_id, result, outcome: Outcome::Success };
                self.finish(end, Phase::Over, out);
            }
            Some(life @ (Life::Fails | Life::Cancels)) => {
                let code = if life == Life::Fails { fact.kind.clone() } else { "cancelled".to_owned() };
                let message = fact.text(&["error", "message", "reason"]).unwrap_or_else(|| fact.kind.clone());
                self.finish(Body::RunError { message, code }, Phase::Over, out);
            }
            _ => self.mean(fact, out),
        }
    }

    fn mean(&mut self, fact: Fact, out: &mut Vec<Body>) {
        let Fact { kind, node: name, event, at, meaning, data, .. } = fact;
        let place = Place { node: &name, event, at, pace: self.settings.pace };
        let node = self.nodes.entry(name.clone()).or_default();
        match meaning {
            Meaning::Text { content, snapshot } => {
                node.say(&kind, (false, content, snapshot), place, &mut self.ids, out);
            }
            Meaning::Reasoning { content } => {
                node.say(&kind, (true, content, None), place, &mut self.ids, out);
            }
            Meaning::ToolStarted { call, name, input } => {
                node.call((call, name, &input), place, &mut self.ids, out);
            }
            Meaning::ToolCompleted { call, name, result } => {
                node.result((call, name, result), place, &mut self.ids, out);
            }
            Meaning::StepStarted => self.begin_step(name, out),
            Meaning::StepFinished => {
                node.next_round(out);
                if let Some(at) = self.steps.iter().rposition(|(node, _)| *node == name) {
                    out.push(Body::StepFinished { step_name: self.steps.remove(at).1 });
                }
            }
            Meaning::NextRound => {
                node.next_round(out);
                out.push(self.custom(&kind, data));
            }
            Meaning::State { key, value } => self.change(key, value, out),
            Meaning::Interrupt { message } => {
                let asked =
                    Fact { kind, node: name.clone(), event, at, life: None, meaning: Meaning::Nothing, data };
                self.pause(&asked, Some(name), Some(message).filter(|message| !message.is_empty()), out);
            }
            Meaning::Custom { name, value } => out.push(Body::Custom { name, value }),
            Meaning::Other => out.push(self.custom(&kind, data)),
            Meaning::Nothing => {}
        }
    }

    fn custom(&self, kind: &str, data: Value) -> Body {
        let value = if data.is_null() { json!({}) } else { data };
        Body::Custom { name: format!("{}.{kind}", self.settings.prefix), value }
    }

    fn begin_step(&mut self, node: String, out: &mut Vec<Body>) {
        let numbered = (2_u64..).map(|number| format!("{node}#{number}"));
        let is_free = |name: &String| self.steps.iter().all(|(_, open)| open != name);
        let Some(name) = std::iter::once(node.clone()).chain(numbered).find(is_free) else { return };
        self.steps.push((node, name.clone()));
        out.push(Body::StepStarted { step_name: name });
    }

    fn change(&mut self, key: String, value: Value, out: &mut Vec<Body>) {
        if !self.is_state_known {
            self.is_state_known = true;
            out.push(Body::StateSnapshot { snapshot: Value::Object(self.state.clone()) });
        }
        let path = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        out.push(Body::StateDelta { delta: vec![json!({ "op": "add", "path": path, "value": value })] });
        self.state.insert(key, value);
    }

    fn pause(&mut self, fact: &Fact, asked: Option<String>, message: Option<String>, out: &mut Vec<Body>) {
        let id = self.ids.message(fact.event, &fact.node);
        self.interrupts.push(id.clone());
        let interrupts = vec![Interrupt { id, reason: fact.kind.clone(), message }];
        let (thread_id, run_id) = self.run();
        let outcome = Outcome::Interrupt { interrupts };
        let end = Body::RunFinished { thread_id, run_id, result: None, outcome };
        self.finish(end, Phase::Paused { asked }, out);
    }

    fn run(&self) -> (String, String) {
        (self.settings.thread.clone(), self.run_id(self.runs))
    }

    fn run_id(&self, number: u32) -> String {
        let execution = &self.settings.execution;
        if number <= 1 { execution.clone() } else { format!("{execution}#{number}") }
    }

    fn begin_run(&mut self, out: &mut Vec<Body>) {
        self.runs += 1;
        self.phase = Phase::Running;
        self.terminal = None;
        self.is_state_known = false;
        out.push(self.run_started());
        if self.runs == 1 {
            out.extend(self.gaps.iter().cloned());
        }
    }

    fn run_started(&self) -> Body {
        let (thread_id, run_id) = self.run();
        let parent_run_id = (self.runs > 1).then(|| self.run_id(self.runs - 1));
        Body::RunStarted { thread_id, run_id, protocol_version: "1.0", parent_run_id }
    }

    /// Closes all that is open, then ends the run.
    fn finish(&mut self, end: Body, phase: Phase, out: &mut Vec<Body>) {
        self.nodes.values_mut().for_each(|node| node.close(out));
        while let Some((_, step_name)) = self.steps.pop() {
            out.push(Body::StepFinished { step_name });
        }
        self.phase = phase;
        self.terminal = Some(end.clone());
        out.push(end);
    }
}

fn push(out: &mut Vec<AguiEvent>, body: Body, at: SystemTime) {
    let since = at.duration_since(UNIX_EPOCH).ok();
    out.push(AguiEvent { body, timestamp: since.and_then(|since| since.as_millis().try_into().ok()) });
}
