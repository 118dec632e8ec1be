//! Events over HTTP in a program that has a login: each user sees the events of their own stream.
//!
//! ```sh
//! cargo run --example axum_login                 # two users log in, and see what is theirs
//! cargo run --example axum_login -- --port 8080  # the server alone, until Ctrl-C
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bus_agent::AgentEventsEmit;
use bus_core::{EventBus, Filter};
use bus_web::Access;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The users that are logged in, by the value of their cookie. A real program keeps a random value
/// and checks a password.
type Sessions = Arc<Mutex<HashMap<String, String>>>;

fn router(bus: &EventBus) -> Router {
    let sessions = Sessions::default();
    let known = Arc::clone(&sessions);
    // The filter that this returns narrows all that the caller sees, whatever it asks for.
    let access = Access::check(move |parts| match user(&known, parts) {
        Some(user) => Ok(Filter::new().stream(user)),
        None => Err((StatusCode::UNAUTHORIZED, "log in first\n")),
    });
    Router::new()
        .route("/login", post(login))
        .with_state(sessions)
        .nest("/bus", bus_web::web(bus, access).hosts(["agents.example.org"]).into_router())
}

async fn login(State(sessions): State<Sessions>, name: String) -> Response {
    let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let session = format!("session-{}", sessions.len() + 1);
    let cookie = format!("session={session}; HttpOnly; SameSite=Lax; Path=/");
    sessions.insert(session, name);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// The user of a request, by its cookie.
fn user(sessions: &Sessions, parts: &Parts) -> Option<String> {
    let cookie = parts.headers.get(header::COOKIE)?.to_str().ok()?;
    let session = cookie.split("; ").find_map(|pair| pair.strip_prefix("session="))?;
    sessions.lock().unwrap_or_else(PoisonError::into_inner).get(session).cloned()
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let port = std::env::args().skip_while(|word| word != "--port").nth(1);
    let is_served = port.is_some();
    let port: u16 = port.map_or(Ok(0), |port| port.parse())?;
    let bus = EventBus::new();
    for user in ["ann", "bob"] {
        let execution = bus.stream(user).execution(format!("exec-of-{user}"));
        execution.emit_execution_started().await;
        execution.emit_execution_completed().await;
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let server = listener.local_addr()?.to_string();
    println!("listening on http://{server}");
    let serve = axum::serve(listener, router(&bus)).into_future();
    if is_served {
        return Ok(serve.await?);
    }
    tokio::spawn(serve);
    for user in ["ann", "bob"] {
        let (_, cookie) = send(&server, Request::post("/login"), user).await?;
        for path in ["/bus/events.json", "/bus/events.json?stream=ann"] {
            let (page, _) = send(&server, Request::get(path).header("cookie", &cookie), "").await?;
            let page: serde_json::Value = serde_json::from_str(&page)?;
            let events = page["items"].as_array().map_or(0, Vec::len);
            println!("{user} asks for {path}: {events} events");
        }
    }
    let (refused, _) = send(&server, Request::get("/bus/events.json"), "").await?;
    print!("without a login: {refused}");
    Ok(())
}

/// Returns the text of an answer and the cookie that it sets.
async fn send(
    server: &str,
    request: axum::http::request::Builder,
    body: &str,
) -> Result<(String, String), Failure> {
    let stream = TokioIo::new(TcpStream::connect(server).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    let request = request.header("host", server).body(Full::new(Bytes::from(body.to_owned())))?;
    let answer = sender.send_request(request).await?;
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
    let text = answer.into_body().collect().await?.to_bytes();
    Ok((String::from_utf8(text.to_vec())?, cookie))
}
