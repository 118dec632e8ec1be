//! The example server: a disconnected reader misses no event and reads none twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use support::http::{send, whole};
use support::{Running, run, start};

fn server() -> (Running, String) {
    server_with_history("10000")
}

fn server_with_history(events: &str) -> (Running, String) {
    let mut server = start("sse_server", &["--port", "0", "--history", events]);
    let line = server.wait_for("listening on http://");
    let address = line.rsplit('/').next().unwrap().to_owned();
    (server, address)
}

/// Starts an execution and returns its id.
fn speak(address: &str, words: usize) -> String {
    let text: Vec<String> = (0..words).map(|number| format!("word{number}")).collect();
    let answer = whole(send(address, "POST /executions", "", &text.join(" ")));
    answer.lines().last().unwrap().to_owned()
}

/// Asks for the events of an execution, with this `Last-Event-ID` if there is one.
fn ask(address: &str, execution: &str, last: Option<&str>) -> BufReader<TcpStream> {
    let last = last.map_or(String::new(), |last| format!("Last-Event-ID: {last}\r\n"));
    send(address, &format!("GET /bus/events?wait=5s&execution={execution}"), &last, "")
}

/// The status and the text of a whole answer.
fn answer(address: &str, execution: &str, last: Option<&str>) -> (u16, String) {
    let text = whole(ask(address, execution, last));
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

/// Reads at most this many events, then drops the connection in the middle of the next.
fn follow(
    address: &str,
    execution: &str,
    last: Option<&str>,
    most: usize,
) -> Vec<(String, serde_json::Value)> {
    let (mut events, mut id) = (Vec::new(), String::new());
    for line in ask(address, execution, last).lines() {
        let line = line.unwrap();
        if let Some(value) = line.strip_prefix("id: ") {
            value.clone_into(&mut id);
        } else if let Some(data) = line.strip_prefix("data: {\"type\"") {
            events.push((id.clone(), serde_json::from_str(&format!("{{\"type\"{data}")).unwrap()));
        }
        if events.len() == most {
            break;
        }
    }
    events
}

/// The frame at the end of an execution.
const COMPLETED: (&str, &str) = ("end", r#"{"state":"completed"}"#);

/// The frames of one answer that are no events: their names and data. Whether there is one between
/// the past and live events depends on when the connection came.
fn notices(text: &str) -> Vec<(&str, &str)> {
    let frames = text.split("\n\n").map(|frame| {
        let value = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
        value("event: ").zip(value("data: "))
    });
    frames.flatten().filter(|(name, _)| *name != "live").collect()
}

fn stop(server: Running) -> String {
    server.interrupt();
    server.end().ok()
}

#[test]
fn cut_again_and_again_nothing_is_missing_and_nothing_twice() {
    let (server, address) = server();
    let words = 400;
    let execution = speak(&address, words);
    let other = speak(&address, 50); // its events are none of ours
    let mut seen: Vec<(String, serde_json::Value)> = Vec::new();
    for most in (1..).step_by(7) {
        let last = seen.last().map(|(id, _)| id.clone());
        seen.extend(follow(&address, &execution, last.as_deref(), most));
        if seen.last().is_some_and(|(_, event)| event["type"] == "execution_completed") {
            break;
        }
    }
    assert_eq!(seen.len(), words + 2);
    let deltas: Vec<_> = seen.iter().filter(|(_, event)| event["type"] == "client_output_delta").collect();
    let said: Vec<String> = deltas
        .iter()
        .map(|(_, event)| event["data"]["content"].as_str().unwrap().trim().to_owned())
        .collect();
    assert_eq!(said, (0..words).map(|number| format!("word{number}")).collect::<Vec<_>>());
    assert_eq!(deltas[2].1["data"]["snapshot"], "word0 word1 word2 ", "the whole text so far");
    assert!(
        seen.iter().all(|(_, event)| event["execution_id"] == execution.as_str()),
        "{other} came through"
    );
    assert!(stop(server).contains("closed"));
}

#[test]
fn a_first_connection_begins_with_the_first_event_and_ends_with_the_execution() {
    let (server, address) = server();
    let execution = speak(&address, 3);
    let whole = follow(&address, &execution, None, usize::MAX);
    assert_eq!(whole[0].1["type"], "execution_started");
    assert_eq!(whole[4].1["type"], "execution_completed");
    // The connection is closed by the server, or this would not return.
    let (status, text) = answer(&address, &execution, None);
    assert_eq!((status, notices(&text)), (200, vec![COMPLETED]));
    // Rust clients send the header with no value.
    assert_eq!(follow(&address, &execution, Some(""), usize::MAX).len(), 5);

    let (last, before) = (whole[4].0.as_str(), whole[3].0.as_str());
    let (status, text) = answer(&address, &execution, Some(last));
    assert_eq!((status, notices(&text)), (200, vec![COMPLETED]), "it was cut off before the end");
    let end = format!("{last}.end");
    assert_eq!(answer(&address, &execution, Some(&end)).0, 204, "a browser does not connect again");
    assert_eq!(follow(&address, &execution, Some(before), usize::MAX).len(), 1);
    stop(server);
}

#[test]
fn history_that_evicts_the_events_of_others_is_no_gap() {
    let (server, address) = server_with_history("10");
    let forgotten = speak(&address, 1);
    // Its events come before those of the others.
    assert_eq!(notices(&answer(&address, &forgotten, None).1), [COMPLETED]);
    for _ in 0..10 {
        let execution = speak(&address, 1);
        let (_, text) = answer(&address, &execution, None);
        assert_eq!(notices(&text), [COMPLETED]);
    }
    assert_eq!(answer(&address, &format!("{forgotten}&wait=0s"), None).0, 404);

    let execution = speak(&address, 30);
    let last = follow(&address, &execution, None, 32).pop().unwrap().0;
    assert_eq!(answer(&address, &execution, Some(&format!("{last}.end"))).0, 204);
    let (_, late) = answer(&address, &execution, None);
    assert!(notices(&late)[0].1.contains("evicted"), "deltas of its own were evicted: {late}");
    stop(server);
}

#[test]
fn an_unknown_execution_is_not_found() {
    let (server, address) = server();
    let (status, text) = answer(&address, "exec-of-nobody&wait=0s", None);
    assert_eq!(status, 404);
    assert!(text.contains("no execution `exec-of-nobody` is known"), "{text}");
    stop(server);
}

#[test]
fn a_cursor_from_before_a_restart_is_answered_with_a_gap() {
    let (first, address) = server();
    let lost = speak(&address, 1);
    let cursor = follow(&address, &lost, None, 1).remove(0).0;
    stop(first);

    let (second, address) = server();
    let execution = speak(&address, 3);
    assert_ne!(execution, lost, "no execution has the id of an earlier one");
    let (status, text) = answer(&address, &execution, Some(&cursor));
    let found = notices(&text);
    assert_eq!((status, found.len(), found[0].0, found[1]), (200, 2, "gap", COMPLETED));
    assert!(found[0].1.contains("other_run"), "{text}");
    assert_eq!(follow(&address, &execution, Some(&cursor), usize::MAX).len(), 5, "all that is here follows");

    // The execution that the page followed is gone: an error would be taken for a broken network.
    let (status, text) = answer(&address, &lost, Some(&cursor));
    let found = notices(&text);
    assert_eq!((status, found[0].0, found[1]), (200, "gap", ("end", r#"{"cause":"unknown_execution"}"#)));

    let (status, text) = answer(&address, &execution, Some("yesterday"));
    let found = notices(&text);
    assert_eq!((status, found[0].0), (200, "gap"));
    assert!(found[0].1.contains("unknown_cursor"), "{text}");
    stop(second);
}

#[test]
fn it_compares_a_disconnected_reader_with_a_connected_one() {
    let out = run("sse_server", &[] as &[&str]).ok();
    assert!(out.contains("connected after event"), "{out}");
    assert!(out.contains("43 events, 43 without a cut"), "{out}");
}
