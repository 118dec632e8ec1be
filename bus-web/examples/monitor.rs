//! Serves the monitor with made events, to look at the page and to test it.
//!
//! ```sh
//! cargo run -p agent-events-web --example monitor    # prints one link
//! ```
//!
//! Each line on its standard input emits more: `run NAME`, `deltas N`, `many N`, `markup`, `huge`,
//! `redacted`, `unknown`. It ends with its input.

use std::error::Error;
use std::io::BufRead;

use bus_agent::AgentEventsEmit;
use bus_core::EventBus;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let bus = EventBus::builder().history(200_000).transient_history(200_000).build()?;
    let _dev = bus_web::dev(&bus).await?;
    // Reading waits for a person or a test, so it has a thread of its own.
    let emitting = bus.clone();
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            obey(&emitting, &line);
        }
    })
    .await?;
    Ok(())
}

fn obey(bus: &EventBus, line: &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let number = rest.parse().unwrap_or(100);
    match word {
        "run" => run(bus, rest),
        "deltas" => deltas(bus, "deltas", number),
        "many" => many(bus, number),
        "markup" => {
            let text = "<img src=x onerror=alert(1)> <script>alert(2)</script> \u{202e}txt.exe";
            bus.stream("desk").emit_dynamic("markup", json!({ "text": text })).send();
        }
        "huge" => {
            let text = "0123456789abcdef".repeat(500_000);
            bus.stream("desk").emit_dynamic("huge", json!({ "text": text })).send();
        }
        "redacted" => {
            let secret = [("x-card".to_owned(), "4111 1111 1111 1111".to_owned())].into();
            let body = json!({ "order": 7 });
            bus.stream("webhook").emit_webhook_received("/paid", "POST", secret, body).send();
        }
        "unknown" => {
            bus.stream("desk").emit_dynamic("nobody_declared", json!({ "answer": 42 })).send();
        }
        _ => eprintln!("unknown word `{word}`"),
    }
}

/// An execution with tools, text and an error; one whose name begins with `open` does not end.
fn run(bus: &EventBus, name: &str) {
    let execution = bus.stream("desk").execution(name);
    execution.emit_execution_started().send();
    let node = execution.node("research");
    for (number, tool) in ["read_file", "search_docs", "fetch_page"].into_iter().enumerate() {
        let id = format!("{name}-{number}");
        let input = bus_core::object! { "query": "goals of the project", "limit": 10 };
        node.emit_tool_call_started(id.clone(), tool).tool_input(input).send();
        if name.starts_with("open") && number == 2 {
            return;
        }
        let is_error = name.starts_with("bad") && number == 1;
        let result = if is_error { "connection reset by peer" } else { "12 lines" };
        node.emit_tool_call_completed(id, tool).result(result).is_error(is_error).send();
    }
    deltas(bus, name, 12);
    if name.starts_with("bad") {
        execution.emit_execution_failed("the tool search_docs failed").send();
    } else {
        execution.emit_execution_completed().send();
    }
}

fn deltas(bus: &EventBus, execution: &str, count: usize) {
    let node = bus.stream("desk").execution(execution).node("write");
    let mut snapshot = String::new();
    for word in ["The ", "user ", "asks ", "for ", "the ", "goals "].into_iter().cycle().take(count) {
        snapshot.push_str(word);
        node.emit_llm_text_delta(word, snapshot.clone()).send();
    }
}

fn many(bus: &EventBus, count: usize) {
    for number in 0..count {
        let node = bus.stream("load").execution(format!("load-{}", number / 500)).node("worker");
        node.emit_node_loop_iteration(u64::try_from(number).unwrap_or_default()).send();
    }
}
