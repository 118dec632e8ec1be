//! A server for the AG-UI clients in `.ci/agui`: it plays the scenarios of the tests, and the
//! executions of a journal. It ends with its standard input.
//!
//! `agui_peers [JOURNAL]`

#[path = "../tests/scenarios/mod.rs"]
mod scenarios;

use std::io::Read;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use bus_core::{BoxError, EventBus, Filter};
use bus_journal::Journal;
use bus_web::Access;
use bus_web::agui::AgentRun;
use serde_json::{Value, json};

/// Between two events, so that a client can be cut between them.
const STEP: Duration = Duration::from_millis(3);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let path = std::env::args().nth(1);
    let journal = path.as_ref().map(Journal::open).transpose()?;
    let executions =
        path.map(|path| Journal::read(path)?.executions().map_err(BoxError::from)).transpose()?;
    let names: Vec<String> = executions.into_iter().flatten().map(|execution| execution.id).collect();
    let builder = EventBus::builder();
    let builder = if let Some(journal) = journal { builder.store(journal) } else { builder };
    let recorded = builder.build()?;
    let bus = EventBus::builder().history(100_000).transient_history(100_000).build()?;

    let web = bus_web::web(&bus, Access::loopback()).agent(play).agui_map(scenarios::map);
    let past = bus_web::web(&recorded, Access::loopback());
    let listed = list();
    let app = Router::new()
        .route("/scenarios", get(async move || text(&listed)))
        .route("/executions", get(async move || text(&json!(names))))
        .route(
            "/cloudevents",
            get({
                let bus = bus.clone();
                async move || text(&cloudevents(&bus))
            }),
        )
        .route(
            "/executions/{id}",
            get(async move |Path(id): Path<String>| text(&events(&recorded, id).await)),
        )
        .nest("/bus", web.into_router())
        .nest("/journal", past.into_router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let serve = tokio::spawn(async move { axum::serve(listener, app).await });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    serve.abort();
    Ok(())
}

fn text(value: &Value) -> String {
    value.to_string()
}

/// Plays the part of a scenario that the request names.
async fn play(run: AgentRun) -> Result<(), BoxError> {
    let props = &run.input.forwarded_props;
    let name = props["scenario"].as_str().unwrap_or_default();
    let scenario = scenarios::scenarios().into_iter().find(|scenario| scenario.name == name);
    let scenario = scenario.ok_or("no such scenario")?;
    let part = usize::try_from(props["run"].as_u64().unwrap_or_default())?;
    for step in scenario.run(part) {
        scenarios::emit(&run.emitter, step);
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}

fn list() -> Value {
    let scenarios = scenarios::scenarios().into_iter().map(|scenario| {
        json!({ "name": scenario.name, "runs": scenario.runs(), "said": scenario.said, "end": scenario.end })
    });
    scenarios.collect()
}

/// The events of an execution, as they are in the journal.
async fn events(bus: &EventBus, id: String) -> Value {
    let subscribe = bus.subscribe_any().matching(Filter::new().execution(id));
    let subscribe = subscribe.since(bus_core::Since::Beginning).accept_redacted().capacity(100_000);
    let mut stream = subscribe.into_stream();
    let mut events = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(500), stream.recv()).await {
        events.push(serde_json::to_value(&event).unwrap_or_default());
    }
    Value::Array(events)
}

/// The newest events as CloudEvents, oldest first.
fn cloudevents(bus: &EventBus) -> Value {
    let hard = bus.stream("a/b ü").correlation("c").attribute("graph_id", "g").attribute("ID", "\u{1b}[1m");
    hard.emit_dynamic("vendor.kind", json!({ "n": null })).send();
    let events = bus.history().limit(1_000).collect();
    events.iter().rev().map(bus_core::Event::to_cloudevent).collect()
}
