//! The Python original as a second oracle: for random programs, this bus has the same results.
//!
//! The programs are data, recorded by `original/record.py`. If Python and the original are present,
//! they are recorded again, and must be the same.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bus_core::{AnyEvent, BoxError, EventBus, SubscriptionId};
use serde_json::{Value, json};

const PROGRAMS: usize = 60;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/original"))
}

fn number(event: &AnyEvent) -> u64 {
    let whole: Value = serde_json::from_str(&event.to_json()).unwrap();
    whole["data"]["n"].as_u64().unwrap()
}

#[tokio::test]
async fn this_bus_agrees_with_the_original() {
    let corpus = std::fs::read_to_string(folder().join("corpus.jsonl")).unwrap();
    assert_eq!(corpus.lines().count(), PROGRAMS);
    for (at, line) in corpus.lines().enumerate() {
        let program: Value = serde_json::from_str(line).unwrap();
        Replay::new(&program).run(&program).await.unwrap_or_else(|wrong| panic!("program {at}: {wrong}"));
    }
}

#[test]
fn the_corpus_is_the_current_output_of_the_original() {
    let original = std::env::var_os("BUS_ORIGINAL")
        .map_or_else(|| folder().join("../../../shared/seed/event_bus.py"), Into::into);
    if !original.is_file() {
        return println!("left out: the original is not here (BUS_ORIGINAL names it)");
    }
    let script = Command::new("python3")
        .arg(folder().join("record.py"))
        .arg(original)
        .arg(PROGRAMS.to_string())
        .output();
    let Ok(script) = script else { return println!("left out: there is no python3") };
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    let committed = std::fs::read_to_string(folder().join("corpus.jsonl")).unwrap();
    assert!(
        String::from_utf8_lossy(&script.stdout) == committed,
        "`python3 record.py` gives another corpus than the one that is committed"
    );
}

struct Replay {
    bus: EventBus,
    heard: Vec<Arc<Mutex<Vec<u64>>>>,
    ids: Vec<SubscriptionId>,
    waits: Arc<Mutex<Vec<Option<u64>>>>,
}

impl Replay {
    fn new(program: &Value) -> Self {
        let history = usize::try_from(program["history"].as_u64().unwrap()).unwrap();
        let bus = EventBus::builder().history(history).build().unwrap();
        Self { bus, heard: Vec::new(), ids: Vec::new(), waits: Arc::default() }
    }

    async fn run(mut self, program: &Value) -> Result<(), String> {
        for step in program["steps"].as_array().unwrap() {
            self.step(step).await?;
        }
        let heard: Vec<_> = self.heard.iter().map(|heard| heard.lock().unwrap().clone()).collect();
        same("deliveries", &json!(heard), &program["heard"])?;
        same("waits", &json!(*self.waits.lock().unwrap()), &program["waits"])?;
        let stats = self.bus.stats();
        same("events kept", &json!(stats.kept), &program["kept"])?;
        let lasting = stats.subscriptions.iter().filter(|one| self.ids.contains(&one.id)).count();
        same("subscriptions", &json!(lasting), &program["subscriptions"])?;
        let mut by_kind = serde_json::Map::new();
        for event in self.bus.history().limit(usize::MAX).collect() {
            let count = by_kind.entry(event.kind()).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or(0) + 1);
        }
        same("kept by kind", &Value::Object(by_kind), &program["by_kind"])
    }

    async fn step(&mut self, step: &Value) -> Result<(), String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let place = |at: usize| text(&step["where"][at]);
        match step["do"].as_str().unwrap() {
            "subscribe" => {
                let kinds = step["kinds"].as_array().unwrap().iter().filter_map(Value::as_str);
                let fails = step["fails"] == true;
                let heard = Arc::new(Mutex::new(Vec::new()));
                self.heard.push(Arc::clone(&heard));
                let handler = move |event: AnyEvent| {
                    heard.lock().unwrap().push(number(&event));
                    async move {
                        tokio::task::yield_now().await;
                        if fails { Err(BoxError::from("on purpose")) } else { Ok(()) }
                    }
                };
                let subscribe =
                    narrowed(self.bus.subscribe_any().kinds(kinds), [place(0), place(1), place(2)]);
                self.ids.push(subscribe.handle(handler).detach());
            }
            "unsubscribe" => {
                let slot = usize::try_from(step["slot"].as_u64().unwrap()).unwrap();
                same("unsubscribing", &json!(self.bus.unsubscribe(self.ids[slot])), &step["was_there"])?;
            }
            "publish" => {
                let from = self.bus.stream(place(0).unwrap()).maybe_node(place(1)).maybe_execution(place(2));
                drop(from.emit_dynamic(text(&step["kind"]).unwrap(), json!({ "n": step["n"] })).await);
                tokio::task::yield_now().await;
            }
            "history" => self.ask(step)?,
            _ => {
                let wait = narrowed(
                    self.bus.subscribe_any().kinds([text(&step["kind"]).unwrap()]),
                    [place(0), place(1), place(2)],
                )
                .first();
                let waits = Arc::clone(&self.waits);
                let slot = waits.lock().unwrap().len();
                waits.lock().unwrap().push(None);
                drop(tokio::spawn(async move {
                    let found = wait.await.ok().map(|event| number(&event));
                    waits.lock().unwrap()[slot] = found;
                }));
            }
        }
        Ok(())
    }

    fn ask(&self, step: &Value) -> Result<(), String> {
        let mut query = self.bus.history().limit(usize::try_from(step["limit"].as_u64().unwrap()).unwrap());
        if let Some(kind) = step["kind"].as_str() {
            query = query.kinds([kind]);
        }
        if let Some(stream) = step["stream"].as_str() {
            query = query.stream(stream);
        }
        if let Some(execution) = step["execution"].as_str() {
            query = query.execution(execution);
        }
        let found: Vec<_> = query.collect().iter().map(number).collect();
        same("history", &json!(found), &step["found"])
    }
}

fn narrowed<S>(
    mut subscribe: bus_core::Subscribe<S>,
    [stream, node, execution]: [Option<String>; 3],
) -> bus_core::Subscribe<S> {
    if let Some(stream) = stream {
        subscribe = subscribe.stream(stream);
    }
    if let Some(node) = node {
        subscribe = subscribe.node(node);
    }
    if let Some(execution) = execution {
        subscribe = subscribe.execution(execution);
    }
    subscribe
}

fn same(what: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours}, the original {theirs}")) }
}
