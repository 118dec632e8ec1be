//! `GET events`.

use bus_agent::AgentEventsEmit;
use bus_core::{EventBus, Sent};
use bus_journal::Journal;
use serde_json::json;

use super::client::{Frame, again, get, serve};

/// An execution of so many events: its beginning, steps, its end.
async fn run(bus: &EventBus, id: &str, steps: usize) {
    let execution = bus.stream("desk").execution(id);
    execution.emit_execution_started().await;
    for step in 0..steps {
        execution.emit_dynamic("step", json!({ "n": step })).await;
    }
    execution.emit_execution_completed().await;
}

fn ids(frames: &[Frame]) -> Vec<&str> {
    let events = frames.iter().filter(|frame| frame.event.is_empty());
    events.map(|frame| &*frame.id).collect()
}

#[tokio::test]
async fn the_bytes_are_what_clients_read() {
    let bus = EventBus::new();
    run(&bus, "exec-1", 1).await;
    let server = serve(&bus).await;
    let answer = get(server.address(), "/events?execution=exec-1").await;
    assert_eq!(answer.status, 200);
    let head = answer.head.to_lowercase();
    assert!(head.contains("content-type: text/event-stream\r\n") && head.contains("cache-control: no-store"));
    let text = answer.text().await;
    let events = bus.history().oldest_first().collect();
    let mut expected = ": events of a bus\nretry: 1000\n".to_owned();
    for event in &events {
        expected = format!("{expected}id: {}\ndata: {}\n\n", event.cursor(), event.to_json());
    }
    expected = format!(
        "{expected}event: end\nid: {}.end\ndata: {{\"state\":\"completed\"}}\n\n",
        events[2].cursor()
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn live_comes_between_the_past_and_what_is_new() {
    let bus = EventBus::new();
    let desk = bus.stream("desk");
    desk.emit_dynamic("old", json!({})).await;
    let server = serve(&bus).await;
    let mut stream = get(server.address(), "/events?since=beginning").await;
    let past = stream.until("live").await;
    assert_eq!((past.len(), past[0].json()["type"].as_str()), (2, Some("old")));
    desk.emit_dynamic("new", json!({})).await;
    assert_eq!(stream.frame().await.unwrap().json()["type"], "new");

    // Unless set, it begins with the next event.
    let mut stream = get(server.address(), "/events?kind=ne*").await;
    assert_eq!(stream.until("live").await.len(), 1);
    desk.emit_dynamic("old", json!({})).await;
    desk.emit_dynamic("newer", json!({})).await;
    assert_eq!(stream.frame().await.unwrap().json()["type"], "newer");
}

#[tokio::test]
async fn cut_at_any_byte_nothing_is_missing_and_nothing_twice() {
    let bus = EventBus::new();
    run(&bus, "exec-1", 2).await;
    let server = serve(&bus).await;
    let path = "/events?execution=exec-1";
    let whole = get(server.address(), path).await.text().await;
    let expected: Vec<String> =
        bus.history().oldest_first().collect().iter().map(|event| event.cursor().to_string()).collect();
    for cut in 0..whole.len() {
        let text = get(server.address(), path).await.bytes(cut).await;
        // A client has seen the frames that are whole.
        let text = String::from_utf8_lossy(&text).into_owned();
        let seen: Vec<&str> = text.split_inclusive("\n\n").filter(|frame| frame.ends_with("\n\n")).collect();
        let id_of =
            |frame: &&str| frame.lines().find_map(|line| line.strip_prefix("id: ")).map(str::to_owned);
        let is_event = |frame: &&&str| !frame.contains("event: ");
        let mut got: Vec<String> = seen.iter().filter(is_event).filter_map(id_of).collect();
        let last = seen.iter().rev().find_map(id_of).unwrap_or_default();
        let answer = again(server.address(), path, &last).await;
        if answer.status == 204 {
            assert!(text.contains("event: end"), "cut at {cut}: {text}");
        } else {
            let rest = answer.frames().await;
            assert_eq!(rest.last().unwrap().event, "end", "cut at {cut}");
            got.extend(ids(&rest).into_iter().map(str::to_owned));
        }
        assert_eq!(got, expected, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_reader_behind_the_end_must_not_come_again() {
    let bus = EventBus::new();
    run(&bus, "exec-1", 0).await;
    let server = serve(&bus).await;
    let frames = get(server.address(), "/events?execution=exec-1").await.frames().await;
    assert_eq!(frames[2].event, "end");
    assert_eq!(again(server.address(), "/events?execution=exec-1", &frames[2].id).await.status, 204);
    // One whose connection was cut before it gets it.
    let rest = again(server.address(), "/events?execution=exec-1", &frames[1].id).await.frames().await;
    assert_eq!(rest.iter().map(|frame| &*frame.event).collect::<Vec<_>>(), ["end"]);
    let rest = again(server.address(), "/events?execution=exec-1", &frames[0].id).await.frames().await;
    assert_eq!(rest.iter().map(|frame| &*frame.event).collect::<Vec<_>>(), ["", "end"]);
    // The end is seen also by who asks for other kinds.
    let some = get(server.address(), "/events?execution=exec-1&kind=execution_started").await.frames().await;
    assert_eq!(some.iter().map(|frame| &*frame.event).collect::<Vec<_>>(), ["", "end"]);
}

#[tokio::test]
async fn an_execution_that_goes_on_keeps_its_readers() {
    let bus = EventBus::new();
    let execution = bus.stream("desk").execution("exec-1");
    execution.emit_execution_started().await;
    let server = serve(&bus).await;
    let id = bus.history().collect()[0].cursor().to_string();
    let mut stream = again(server.address(), "/events?execution=exec-1", &id).await;
    assert_eq!((stream.status, stream.frame().await.unwrap().event.as_str()), (200, "live"));
    execution.emit_execution_failed("no model").await;
    let frames = stream.frames().await;
    assert_eq!(frames[1].json(), json!({ "state": "failed" }));
}

#[tokio::test]
async fn an_unknown_execution_is_waited_for_and_then_refused() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let answer = get(server.address(), "/events?execution=exec-1").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().await.starts_with("no execution `exec-1` is known"));
    // A browser that connects again would give up for good on an error.
    let frames =
        again(server.address(), "/events?execution=exec-1", "00c0ffee00c0ffee-7").await.frames().await;
    assert_eq!(frames.iter().map(|frame| &*frame.event).collect::<Vec<_>>(), ["gap", "end"]);
    assert_eq!((&frames[0].json()["cause"], &*frames[0].retry), (&json!("other_run"), "1000"));
    assert_eq!(frames[1].json(), json!({ "cause": "unknown_execution" }));

    let (stream, ()) = tokio::join!(get(server.address(), "/events?execution=exec-1&wait=60s"), async {
        // The request waits once it has subscribed.
        while bus.stats().subscription("bus-web").is_none() {
            tokio::task::yield_now().await;
        }
        run(&bus, "exec-1", 0).await;
    });
    assert_eq!(stream.frames().await.len(), 3);
}

#[tokio::test]
async fn a_cursor_of_another_run_is_a_gap() {
    let bus = EventBus::new();
    bus.stream("desk").emit_dynamic("step", json!({})).await;
    let server = serve(&bus).await;
    let frames = again(server.address(), "/events", "00c0ffee00c0ffee-7").await.until("live").await;
    assert_eq!(frames.iter().map(|frame| &*frame.event).collect::<Vec<_>>(), ["gap", "", "live"]);
    assert_eq!(frames[0].json()["cause"], "other_run");
    assert_eq!(frames[0].id, "", "with an id a reader would not ask for the missing events again");
    let frames = again(server.address(), "/events", "no cursor").await.until("live").await;
    assert_eq!(frames[0].json()["cause"], "unknown_cursor");
    assert_eq!(frames[1].json()["type"], "step");
    // Some clients send the header without a value at first.
    assert_eq!(again(server.address(), "/events?since=beginning", "").await.until("live").await.len(), 2);
}

#[tokio::test]
async fn evicted_events_are_a_gap() {
    let bus = EventBus::builder().history(2).build().unwrap();
    for n in 0..5 {
        bus.stream("desk").emit_dynamic("step", json!({ "n": n })).await;
    }
    let server = serve(&bus).await;
    let frames = get(server.address(), "/events?since=beginning").await.until("live").await;
    assert_eq!(frames[0].event, "gap");
    let gap = frames[0].json();
    assert_eq!((&gap["missed"], &gap["cause"]), (&json!(3), &json!("evicted")));
    assert_eq!(frames.len(), 4);
}

#[tokio::test]
async fn a_restart_with_a_journal_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.db");
    let begin = || {
        let journal = Journal::open(&path).unwrap();
        EventBus::builder().store(journal).build().unwrap()
    };
    let bus = begin();
    let server = serve(&bus).await;
    let mut stream = get(server.address(), "/events?since=beginning").await;
    stream.until("live").await;
    let steps = async |bus: &EventBus| {
        for n in 0..3 {
            let sent: Sent = bus.stream("desk").emit_dynamic("step", json!({ "n": n })).send();
            sent.recorded().await.unwrap();
        }
    };
    steps(&bus).await;
    let mut seen = vec![stream.frame().await.unwrap()];
    server.shutdown().await;
    bus.close(std::time::Duration::from_secs(10)).await;
    drop(bus);

    let bus = begin();
    steps(&bus).await;
    let server = serve(&bus).await;
    let mut stream = again(server.address(), "/events", &seen[0].id).await;
    let mut rest = stream.until("live").await;
    assert_eq!(rest.pop().unwrap().event, "live");
    seen.extend(rest);
    assert!(seen.iter().all(|frame| frame.event.is_empty()), "{seen:?}");
    assert_eq!(
        seen.iter().map(|frame| frame.json()["data"]["n"].clone()).collect::<Vec<_>>(),
        [0, 1, 2, 0, 1, 2]
    );
    let mut all = get(server.address(), "/events?since=beginning").await;
    assert_eq!(ids(&all.until("live").await), ids(&seen));
}

#[tokio::test]
async fn the_end_of_the_server_or_the_bus_ends_the_body() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let mut stream = get(server.address(), "/events").await;
    stream.until("live").await;
    let address = server.address();
    server.shutdown().await;
    let rest = stream.frames().await;
    assert_eq!((rest.len(), rest[0].event.as_str()), (1, "closing"));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    let server = serve(&bus).await;
    let mut stream = get(server.address(), "/events").await;
    stream.until("live").await;
    bus.close(std::time::Duration::ZERO).await;
    let rest = stream.frames().await;
    assert_eq!((rest.len(), rest[0].event.as_str()), (1, "closing"));
    let answer = get(server.address(), "/events").await;
    assert_eq!((answer.status, answer.text().await.as_str()), (503, "the bus is closed\n"));
    let frames = again(server.address(), "/events", "00c0ffee00c0ffee-7").await.frames().await;
    assert_eq!(frames[0].event, "closing");
}
