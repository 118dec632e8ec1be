//! AG-UI over HTTP: who is answered how, and how every body ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bus_agent::AgentEventsEmit;
use bus_core::{EventBus, Filter};
use bus_web::agui::AgentRun;
use bus_web::{Access, Server, Web};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

async fn serve(web: Web) -> Server {
    web.serve("127.0.0.1:0").await.unwrap()
}

const LENGTH: &str = "content-length";

async fn connect(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let host = server.address();
    let length =
        if headers.contains(LENGTH) { String::new() } else { format!("{LENGTH}: {}\r\n", body.len()) };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{length}{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Returns the status and the body, without the lengths of its chunks.
async fn ask(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = connect(server, method, path, headers, body).await;
    let mut text = String::new();
    // Ends only if the server ends the body.
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_string(&mut text)).await.unwrap().unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

const JSON: &str = "content-type: application/json\r\n";

async fn post(server: &Server, path: &str, body: &Value) -> (u16, Vec<Value>) {
    let (status, text) = ask(server, "POST", path, JSON, &body.to_string()).await;
    (status, events(&text))
}

fn events(body: &str) -> Vec<Value> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

fn input(run: &str) -> Value {
    json!({ "threadId": "t", "runId": run, "messages": [{ "id": "1", "role": "user", "content": "Why?" }], "tools": null })
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

async fn echo(run: AgentRun) -> Result<(), bus_core::BoxError> {
    run.emitter.emit_execution_started().await;
    let question = run.input.question().ok_or("no question")?;
    run.emitter.node("echo").emit_client_output_delta(&question, &question).await;
    run.emitter.emit_execution_completed().await;
    Ok(())
}

#[tokio::test]
async fn a_request_calls_the_agent_and_the_body_ends_behind_its_terminal_event() {
    let bus = EventBus::new();
    let server = serve(bus_web::web(&bus, Access::loopback()).agent(echo)).await;
    let (status, events) = post(&server, "/agui", &input("run-1")).await;
    assert_eq!(status, 200);
    let expected =
        ["RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "RUN_FINISHED"];
    assert_eq!(kinds(&events), expected);
    assert_eq!((&events[0]["threadId"], &events[0]["runId"]), (&json!("t"), &json!("run-1")));
    assert_eq!(events[2]["delta"], "Why?");
    let event = &bus.history().execution("run-1").collect()[0];
    assert_eq!((event.stream(), event.attribute("thread_id")), ("agui", Some("t")));
}

#[tokio::test]
async fn an_error_a_panic_and_a_missing_end_are_one_run_error() {
    let bus = EventBus::new();
    let server = serve(bus_web::web(&bus, Access::loopback()).agent(async |run: AgentRun| {
        run.emitter.emit_execution_started().await;
        run.emitter.node("a").emit_llm_text_delta("Hel", "Hel").await;
        match run.input.run_id.as_str() {
            "error" => Err("no model".into()),
            "panic" => panic!("a secret"),
            _ => Ok(()),
        }
    }))
    .await;
    for (run, code, message) in [
        ("error", "agent_failed", "no model"),
        ("panic", "agent_panicked", "the agent panicked"),
        ("nothing", "no_end", "the agent returned, and its execution has no end"),
    ] {
        let (_, events) = post(&server, "/agui", &input(run)).await;
        let expected =
            ["RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "RUN_ERROR"];
        assert_eq!(kinds(&events), expected, "{run}");
        assert_eq!((&events[4]["code"], &events[4]["message"]), (&json!(code), &json!(message)));
        // A client that joins later sees the same end.
        let (_, joined) = post(&server, &format!("/agui/{run}"), &input("other")).await;
        assert_eq!(joined.last().unwrap()["code"], code);
    }
}

#[tokio::test]
async fn a_request_that_comes_again_joins_the_run_and_does_not_call_the_agent_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let bus = EventBus::new();
    let web = bus_web::web(&bus, Access::loopback()).agent(move |run| {
        counted.fetch_add(1, Ordering::Relaxed);
        echo(run)
    });
    let server = serve(web).await;
    post(&server, "/agui", &input("run-1")).await;
    let (_, events) = post(&server, "/agui", &input("run-1")).await;
    assert_eq!(kinds(&events), ["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]);
    let messages = events[1]["messages"].as_array().unwrap();
    assert_eq!((&messages[0]["content"], &messages[1]["content"]), (&json!("Why?"), &json!("Why?")));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_resume_is_accepted_twice_and_calls_the_agent_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let bus = EventBus::new();
    let web = bus_web::web(&bus, Access::loopback()).agent(move |run: AgentRun| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            let node = run.emitter.node("a");
            if run.input.resume.is_empty() {
                run.emitter.emit_execution_started().await;
                node.emit_execution_paused().reason("approval").await;
            } else {
                assert_eq!(run.input.resume[0].payload, json!("yes"));
                node.emit_execution_resumed().await;
                run.emitter.emit_execution_completed().await;
            }
            Ok(())
        }
    });
    let server = serve(web).await;
    let (_, events) = post(&server, "/agui", &input("run-1")).await;
    let interrupt = &events[1]["outcome"]["interrupts"][0];
    assert_eq!(
        (&interrupt["reason"], &interrupt["message"]),
        (&json!("execution_paused"), &json!("approval"))
    );
    let mut resume = input("run-2");
    resume["resume"] = json!([{ "interruptId": interrupt["id"], "status": "resolved", "payload": "yes" }]);
    for expected in
        [&["RUN_STARTED", "RUN_FINISHED"][..], &["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]]
    {
        let (_, events) = post(&server, "/agui", &resume).await;
        assert_eq!(kinds(&events), expected);
        assert_eq!((&events[0]["runId"], &events[0]["parentRunId"]), (&json!("run-1#2"), &json!("run-1")));
        assert_eq!(events.last().unwrap()["outcome"]["type"], "success");
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    resume["resume"][0]["interruptId"] = json!("0000000000000001:run-1:a:99");
    assert_eq!(post(&server, "/agui", &resume).await.0, 404);
}

#[tokio::test]
async fn requests_that_are_wrong_get_a_status_and_one_line() {
    let bus = EventBus::new();
    let server = serve(bus_web::web(&bus, Access::loopback()).agent(echo)).await;
    // The head alone: the server answers before it reads the body.
    let large = format!("{JSON}{LENGTH}: {}\r\n", 5 << 20);
    let no_run = r#"{"threadId":"t"}"#;
    let empty = r#"{"threadId":"","runId":"r"}"#;
    for (headers, body, status, text) in [
        (JSON, "{", 400, "RunAgentInput"),
        (JSON, no_run, 400, "runId"),
        (JSON, empty, 400, "`threadId` must have 1 to 256 bytes"),
        ("content-type: text/plain\r\n", no_run, 415, "application/json"),
        (large.as_str(), "", 413, "longer"),
    ] {
        let (found, answer) = ask(&server, "POST", "/agui", headers, body).await;
        assert_eq!(found, status, "{answer}");
        assert!(answer.contains(text), "{answer}");
    }
    for (path, status) in
        [("/agui/unknown?wait=0s", 404), ("/agui/x?wait=1h", 400), ("/agui/x?since=now", 400)]
    {
        assert_eq!(ask(&server, "GET", path, "", "").await.0, status, "{path}");
    }
    let quiet = serve(bus_web::web(&bus, Access::loopback())).await;
    let (status, text) = ask(&quiet, "POST", "/agui", JSON, &input("r").to_string()).await;
    assert!(status == 404 && text.contains(".agent(f)"), "{text}");
}

#[tokio::test]
async fn no_caller_sees_a_run_that_its_filter_hides() {
    let bus = EventBus::new();
    let access = Access::check(|parts| {
        let user = parts.headers.get("x-user").and_then(|user| user.to_str().ok()).unwrap_or_default();
        Ok::<_, axum::http::StatusCode>(Filter::new().attribute("user", user))
    });
    let server = serve(bus_web::web(&bus, access).agent(echo)).await;
    let ada = format!("{JSON}x-user: ada\r\n");
    let bob = format!("{JSON}x-user: bob\r\n");
    let body = input("run-1").to_string();
    let (_, text) = ask(&server, "POST", "/agui", &ada, &body).await;
    assert_eq!(events(&text).len(), 5, "the events of the own run have what the filter asks for");
    assert_eq!(ask(&server, "POST", "/agui", &bob, &body).await.0, 409);
    assert_eq!(ask(&server, "GET", "/agui/run-1?wait=0s", &bob, "").await.0, 404);
    assert_eq!(ask(&server, "GET", "/agui/run-1?wait=0s", &ada, "").await.0, 200);
}

/// A run whose agent waits for a sign, and whose reader went away.
async fn left(ends: bool) -> (EventBus, Arc<Notify>, Server) {
    let bus = EventBus::new();
    let (go, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (agent_go, agent_begun) = (Arc::clone(&go), Arc::clone(&begun));
    let web = bus_web::web(&bus, Access::loopback()).agent(move |run: AgentRun| {
        let (go, begun) = (Arc::clone(&agent_go), Arc::clone(&agent_begun));
        async move {
            run.emitter.emit_execution_started().await;
            begun.notify_one();
            go.notified().await;
            run.emitter.emit_execution_completed().await;
            Ok(())
        }
    });
    let server = serve(if ends { web.agent_ends_with_request() } else { web }).await;
    let stream = connect(&server, "POST", "/agui", JSON, &input("run-1").to_string()).await;
    begun.notified().await;
    drop(stream);
    (bus, go, server)
}

#[tokio::test]
async fn the_agent_goes_on_when_its_reader_goes_away() {
    let (_bus, go, server) = left(false).await;
    go.notify_one();
    let (_, events) = post(&server, "/agui/run-1", &input("other")).await;
    assert_eq!(kinds(&events).last(), Some(&"RUN_FINISHED"));
}

#[tokio::test]
async fn the_agent_ends_with_its_reader_where_that_is_set() {
    let (_bus, _go, server) = left(true).await;
    let (_, events) = post(&server, "/agui/run-1", &input("other")).await;
    assert_eq!(events.last().unwrap()["code"], "cancelled");
}

#[tokio::test]
async fn a_silent_body_has_a_comment_every_four_seconds_and_ends_when_the_server_does() {
    let (_bus, _go, server) = left(false).await;
    let mut stream = connect(&server, "GET", "/agui/run-1", "", "").await;
    let mut text = String::new();
    let mut piece = [0; 4096];
    // One at its beginning, one after four seconds.
    while text.matches("\n:\n\n").count() < 2 {
        let length =
            tokio::time::timeout(Duration::from_secs(30), stream.read(&mut piece)).await.unwrap().unwrap();
        assert!(length > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    let ends = tokio::spawn(server.shutdown());
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("server_closing"), "{text}");
    ends.await.unwrap();
}
