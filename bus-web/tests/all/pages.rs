//! `GET events.json`, `events/{id}`, `stats` and `catalogue`.

use bus_agent::AgentEventsEmit;
use bus_core::{AgentEvent, EventBus, object};
use bus_journal::Journal;
use serde_json::{Value, json};

use super::client::{get, json as ask, serve};

#[derive(AgentEvent)]
#[events(crate = bus_core)]
pub(crate) enum LoginEvents {
    /// Somebody logged in.
    UserLoggedIn {
        /// Who.
        user: String,
        /// With what.
        #[event(redact)]
        password: String,
    },
}

pub(crate) async fn log_in(bus: &EventBus) {
    bus.stream("desk").emit_user_logged_in("ann", "hunter2").await;
}

fn numbers(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap().iter().map(|item| item["data"]["n"].clone()).collect()
}

async fn steps(bus: &EventBus, count: usize) {
    for n in 0..count {
        bus.stream("desk").emit_dynamic("step", json!({ "n": n })).await;
    }
}

/// Reads all pages, from each to the next.
async fn all(address: std::net::SocketAddr, query: &str, next_name: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut next) = (Vec::new(), None::<String>);
    loop {
        let place = next.map_or(String::new(), |next| format!("&{next_name}={next}"));
        let page = ask(address, &format!("/events.json?{query}{place}")).await;
        pages.push(numbers(&page));
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            return pages;
        }
    }
}

async fn check_pages(bus: &EventBus) {
    let server = serve(bus).await;
    let address = server.address();
    assert_eq!(all(address, "limit=3", "since").await, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    assert_eq!(all(address, "limit=3&newest=1", "before").await, [vec![6, 5, 4], vec![3, 2, 1], vec![0]]);
    assert_eq!(all(address, "limit=2&q=data.n:1,3,5&newest=1", "before").await, [vec![5, 3], vec![1]]);
    assert_eq!(all(address, "limit=7", "since").await, [vec![0, 1, 2, 3, 4, 5, 6]]);
    assert_eq!(all(address, "kind=other", "since").await, [Vec::<Value>::new()]);
}

#[tokio::test]
async fn pages_follow_each_other_both_ways() {
    let bus = EventBus::new();
    steps(&bus, 7).await;
    check_pages(&bus).await;
}

#[tokio::test]
async fn pages_of_a_journal_reach_before_history() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("run.db")).unwrap();
    let bus = EventBus::builder().history(2).store(journal).build().unwrap();
    steps(&bus, 7).await;
    check_pages(&bus).await;
}

#[tokio::test]
async fn gaps_are_items() {
    let bus = EventBus::builder().history(2).build().unwrap();
    steps(&bus, 5).await;
    let server = serve(&bus).await;
    for (query, at) in [("", 0), ("?newest=1", 2)] {
        let page = ask(server.address(), &format!("/events.json{query}")).await;
        let gap = &page["items"][at]["gap"];
        assert_eq!((&gap["missed"], &gap["cause"]), (&json!(3), &json!("evicted")), "{page}");
        assert!(gap["from"].is_string() && gap["to"].is_string());
    }
}

#[tokio::test]
async fn a_row_says_what_a_list_shows() {
    let bus = EventBus::new();
    let node = bus.stream("desk").execution("exec-1").node("planner");
    bus.stream("desk").execution("exec-1").emit_execution_started().await;
    node.emit_tool_call_started("call-1", "grep").tool_input(object! { "path": "a\nb" }).await;
    node.emit_tool_call_completed("call-1", "grep").result("x".repeat(500)).is_error(true).await;
    let server = serve(&bus).await;
    let page = ask(server.address(), "/events.json?view=row").await;
    let [begin, start, end] = page["items"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!(begin["life"], "begins");
    assert_eq!(begin["pair"]["end"], false);
    assert_eq!(
        (&start["kind"], &start["node"], &start["execution"]),
        (&json!("tool_call_started"), &json!("planner"), &json!("exec-1"))
    );
    assert_eq!((&start["pair"]["end"], &end["pair"]["end"]), (&json!(false), &json!(true)));
    assert_eq!(start["pair"]["key"], end["pair"]["key"]);
    assert_eq!((start.get("error"), &end["error"]), (None, &json!(true)));
    let summary = |row: &Value| row["summary"].as_str().unwrap().to_owned();
    // The name first, and the id that only connects the two events last.
    assert!(summary(start).starts_with("tool_name=grep tool_input="), "{start}");
    assert!(summary(start).ends_with(" tool_use_id=call-1") && !summary(start).contains('\n'), "{start}");
    assert!(summary(end).chars().count() <= 120 && summary(end).ends_with('…'), "{end}");
    let events = bus.history().oldest_first().collect();
    assert_eq!(end["cursor"], events[2].cursor().to_string());
    assert_eq!(end["size"], events[2].to_json().len());
    // The same rows come live.
    let mut stream = get(server.address(), "/events?since=beginning&view=row").await;
    assert_eq!(stream.frame().await.unwrap().json(), *begin);
}

#[tokio::test]
async fn one_event_is_found_by_its_id() {
    let bus = EventBus::new();
    steps(&bus, 3).await;
    bus.stream("desk").emit_dynamic("long", json!({ "text": "x".repeat(1_000) })).await;
    let server = serve(&bus).await;
    let events = bus.history().oldest_first().collect();
    for event in &events {
        let found = ask(server.address(), &format!("/events/{}", event.cursor())).await;
        assert_eq!(found, serde_json::from_str::<Value>(&event.to_json()).unwrap());
    }
    let cut = ask(server.address(), &format!("/events/{}?cut=100", events[3].cursor())).await;
    assert_eq!((&cut["data"], &cut["data_cut"]["bytes"]), (&Value::Null, &json!(1_011)));
    let unknown = format!("/events/{:016x}-99", events[0].cursor().run());
    assert_eq!(get(server.address(), &unknown).await.status, 404);
}

#[tokio::test]
async fn an_event_of_an_earlier_run_is_found_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.db");
    let open = || EventBus::builder().store(Journal::open(&path).unwrap()).build().unwrap();
    let bus = open();
    steps(&bus, 2).await;
    let events = bus.history().oldest_first().collect();
    bus.close(std::time::Duration::from_secs(10)).await;
    drop(bus);
    let server = serve(&open()).await;
    for event in &events {
        let found = ask(server.address(), &format!("/events/{}", event.cursor())).await;
        assert_eq!(found, serde_json::from_str::<Value>(&event.to_json()).unwrap());
    }
}

#[tokio::test]
async fn counts_and_kinds_are_there() {
    let bus = EventBus::builder().events::<LoginEvents>().build().unwrap();
    log_in(&bus).await;
    let server = serve(&bus).await;
    assert_eq!(ask(server.address(), "/stats").await["published"]["user_logged_in"], 1);
    let kinds = ask(server.address(), "/catalogue").await;
    let kinds = kinds["events"].as_array().unwrap();
    let found = kinds.iter().find(|kind| kind["kind"] == "user_logged_in").unwrap();
    assert_eq!(
        (&found["docs"], &found["fields"][1]["redacted"]),
        (&json!("Somebody logged in."), &json!(true))
    );
    let tool = kinds.iter().find(|kind| kind["kind"] == "tool_call_started").unwrap();
    assert_eq!(tool["ends_with"], json!([{ "kind": "tool_call_completed", "by": ["tool_use_id"] }]));
}
