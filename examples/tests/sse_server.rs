//! The example server: a disconnected reader misses no event and reads none twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use support::{Running, run, start};

fn server() -> (Running, String) {
    let mut server = start("sse_server", &["--port", "0"]);
    let line = server.wait_for("listening on http://");
    let address = line.rsplit('/').next().unwrap().to_owned();
    (server, address)
}

fn send(address: &str, head: &str, body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    BufReader::new(stream)
}

/// Starts an execution. Returns its id and the cursor before its first event.
fn speak(address: &str, words: usize) -> (String, String) {
    let text: Vec<String> = (0..words).map(|number| format!("word{number}")).collect();
    let mut answer = String::new();
    send(address, "POST /executions", &text.join(" ")).read_to_string(&mut answer).unwrap();
    let line = answer.lines().last().unwrap();
    let (execution, since) = line.split_once(' ').unwrap();
    (execution.to_owned(), since.to_owned())
}

/// Reads `most` events from the one after `last` on, then drops the connection in the middle of the
/// next.
fn follow(address: &str, execution: &str, last: &str, most: usize) -> Vec<(String, serde_json::Value)> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /executions/{execution}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nLast-Event-ID: {last}\r\n\r\n"
    )
    .unwrap();
    let (mut events, mut id) = (Vec::new(), String::new());
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(value) = line.strip_prefix("id: ") {
            value.clone_into(&mut id);
        } else if let Some(data) = line.strip_prefix("data: ") {
            events.push((id.clone(), serde_json::from_str(data).unwrap()));
        }
        if events.len() == most {
            break;
        }
    }
    events
}

#[test]
fn cut_again_and_again_nothing_is_missing_and_nothing_twice() {
    let (server, address) = server();
    let words = 400;
    let (execution, since) = speak(&address, words);
    let (other, _) = speak(&address, 50); // its events are none of ours
    let mut seen: Vec<(String, serde_json::Value)> = Vec::new();
    for most in (1..).step_by(7) {
        let last = seen.last().map_or(since.clone(), |(id, _)| id.clone());
        seen.extend(follow(&address, &execution, &last, most));
        if seen.last().is_some_and(|(_, event)| event["type"] == "execution_completed") {
            break;
        }
    }
    assert_eq!(seen.len(), words + 2);
    let said: Vec<String> = seen
        .iter()
        .filter(|(_, event)| event["type"] == "client_output_delta")
        .map(|(_, event)| event["data"]["content"].as_str().unwrap().trim().to_owned())
        .collect();
    assert_eq!(said, (0..words).map(|number| format!("word{number}")).collect::<Vec<_>>());
    assert!(
        seen.iter().all(|(_, event)| event["execution_id"] == execution.as_str()),
        "{other} came through"
    );
    server.interrupt();
    assert!(server.end().ok().contains("closed"));
}

#[test]
fn a_reader_with_all_events_is_asked_not_to_reconnect() {
    let (server, address) = server();
    let (execution, since) = speak(&address, 3);
    let all = follow(&address, &execution, &since, usize::MAX);
    assert_eq!(all.len(), 5);
    let request = |last: &str| {
        let head = format!("GET /executions/{execution}/events HTTP/1.1\r\nLast-Event-ID: {last}\r\nX: ");
        let mut answer = String::new();
        send(&address, &head, "").read_line(&mut answer).unwrap();
        answer
    };
    assert!(request(&all[4].0).contains("204"), "the last event was sent");
    assert!(request("yesterday").contains("400"));
    server.interrupt();
    server.end().ok();
}

#[test]
fn a_cursor_of_another_run_is_reported_as_a_gap() {
    let (first, address) = server();
    let (_, foreign) = speak(&address, 1);
    first.interrupt();
    first.end().ok();
    let (second, address) = server();
    let (execution, _) = speak(&address, 3);
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(
        stream,
        "GET /executions/{execution}/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {foreign}\r\n\r\n"
    )
    .unwrap();
    let gap =
        BufReader::new(stream).lines().map(Result::unwrap).find(|line| line.starts_with("event: lagged"));
    assert!(gap.is_some());
    second.interrupt();
    second.end().ok();
}

#[test]
fn it_compares_a_disconnected_reader_with_a_connected_one() {
    let out = run("sse_server", &[] as &[&str]).ok();
    assert!(out.contains("connected after event"), "{out}");
    assert!(out.contains("43 events, 43 without a cut"), "{out}");
}
