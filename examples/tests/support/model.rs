//! A model for tests: a local server with the `OpenAI` protocol that can misbehave.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::{Value, json};

/// The behaviour of the server.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Behaviour {
    /// Calls a tool, then answers.
    Good,
    /// Returns 503 to the first request.
    BusyAtFirst,
    /// Does not know the model.
    Refusing,
    /// Disconnects in the middle of the answer.
    Cut,
    /// Streams invalid JSON.
    Garbled,
    /// Never stops.
    Endless,
    /// Calls unknown tools, with arguments that are not JSON.
    Clumsy,
}

/// The server, which runs until it is dropped.
pub(crate) struct Model {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<Mutex<Vec<Value>>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Clone)]
struct Shared {
    behaviour: Behaviour,
    requests: Arc<AtomicU32>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { behaviour, requests: Arc::default(), asked: Arc::clone(&asked) };
        let app = Router::new()
            .route("/v1/models", get(async || json!({ "data": [{ "id": "small-1" }] }).to_string()))
            .route("/v1/chat/completions", post(complete))
            .with_state(shared);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
        Self { address, asked, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn complete(State(shared): State<Shared>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    shared.asked.lock().unwrap().push(request.clone());
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let researching = request["tools"].is_array();
    let called = request["messages"].as_array().unwrap().iter().any(|message| message["role"] == "tool");
    match shared.behaviour {
        Behaviour::Refusing => {
            let error = json!({ "error": { "message": "the model `nil` does not exist" } }).to_string();
            (StatusCode::NOT_FOUND, error).into_response()
        }
        Behaviour::BusyAtFirst if number == 0 => {
            (StatusCode::SERVICE_UNAVAILABLE, "warming up").into_response()
        }
        Behaviour::Clumsy if researching && !called => {
            streamed(calls(&[("fly", "{}"), ("search", "{\"query\":")]))
        }
        _ if researching && !called => streamed(calls(&[
            ("search", r#"{"query": "swifts sleep"}"#),
            ("read_file", r#"{"path": "gone.md"}"#),
        ])),
        _ if researching => streamed(vec![text("done"), end("stop")]),
        Behaviour::Cut => streamed(vec![text("Swifts "), text("sle")]),
        Behaviour::Garbled => streamed(vec![text("Swifts "), "data: {oops\n\n".into()]),
        Behaviour::Endless => endless(),
        _ => streamed(answer()),
    }
}

fn answer() -> Vec<String> {
    let thinking = chunk(&json!({ "reasoning_content": "birds" }), None);
    let words = ["Swifts ", "sleep ", "while ", "they ", "fly ", "[birds.md:3]."];
    std::iter::once(thinking).chain(words.map(text)).chain([end("stop"), "data: [DONE]\n\n".into()]).collect()
}

/// Tool calls, their arguments in two parts each.
fn calls(wanted: &[(&str, &str)]) -> Vec<String> {
    let mut chunks = Vec::new();
    for (index, (name, arguments)) in wanted.iter().enumerate() {
        let (one, two) = arguments.split_at(arguments.len() / 2);
        let first = json!({ "index": index, "id": format!("t{index}"), "function": { "name": name, "arguments": one } });
        let second = json!({ "index": index, "function": { "arguments": two } });
        chunks.extend([first, second].map(|call| chunk(&json!({ "tool_calls": [call] }), None)));
    }
    chunks.push(end("tool_calls"));
    chunks
}

fn text(content: &str) -> String {
    chunk(&json!({ "content": content }), None)
}

fn end(reason: &str) -> String {
    chunk(&json!({}), Some(reason))
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let chunk = json!({ "object": "chat.completion.chunk", "choices": [
        { "index": 0, "delta": delta, "finish_reason": finish }] });
    format!("data: {chunk}\n\n")
}

fn streamed(chunks: Vec<String>) -> Response {
    body(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)))
}

/// At the speed of a person: a fast stream would fill the record with snapshots before an
/// interrupt.
fn endless() -> Response {
    let pace = tokio::time::interval(Duration::from_millis(5));
    body(stream::unfold(pace, async |mut pace| {
        pace.tick().await;
        Some((Ok::<_, std::io::Error>(text("and on\n")), pace))
    }))
}

fn body(
    chunks: impl futures_util::Stream<Item = Result<String, std::io::Error>> + Send + 'static,
) -> Response {
    ([("content-type", "text/event-stream")], Body::from_stream(chunks)).into_response()
}
