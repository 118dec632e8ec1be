//! Events over HTTP: `server` is the part to copy, the rest demonstrates it.
//!
//! ```sh
//! cargo run --example sse_server                 # a server and a reader that is cut off twice
//! cargo run --example sse_server -- --port 8080  # the server alone, until Ctrl-C
//! curl -d "one two three" localhost:8080/executions
//! curl -N localhost:8080/executions/exec-1/events -H "Last-Event-ID: …"
//! ```

mod client;
mod server;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use bus_core::EventBus;
use tokio::net::TcpListener;

use crate::client::Failure;

const TEXT: &str = "a page on a train goes through a tunnel and comes out again and does not want to miss a word \
    nor to read one twice so it says which event was the last and the server goes on from there";

#[tokio::main]
async fn main() -> ExitCode {
    let port = match port(std::env::args().skip(1)) {
        Ok(port) => port,
        Err(problem) => {
            eprintln!("sse_server: {problem}");
            return ExitCode::from(2);
        }
    };
    let done = match port {
        Some(port) => serve(port).await,
        None => try_out().await,
    };
    done.map_or_else(
        |error| {
            eprintln!("sse_server: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Serves until Ctrl-C. Closing the bus ends the streams of all readers, and with them the server.
async fn serve(port: u16) -> Result<(), Failure> {
    let bus = bus()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let closing = bus.clone();
    let closed = async move {
        let _ = tokio::signal::ctrl_c().await;
        closing.close(Duration::from_secs(5)).await;
    };
    axum::serve(listener, server::router(bus)).with_graceful_shutdown(closed).await?;
    println!("closed");
    Ok(())
}

/// A reader that is disconnected twice, and one that is not: both must have received the same.
async fn try_out() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?.to_string();
    tokio::spawn(axum::serve(listener, server::router(bus()?)).into_future());

    let (execution, since) = client::start(&server, TEXT).await?;
    let mut seen = Vec::new();
    for most in [5, 12, usize::MAX] {
        let last = seen.last().map_or(since.clone(), |frame: &client::Frame| frame.id.clone());
        let frames = client::follow(&server, &execution, &last, most).await?;
        println!("connected after event {last}: {} events", frames.len());
        seen.extend(frames);
    }
    let whole = client::follow(&server, &execution, &since, usize::MAX).await?;
    let same = seen.iter().map(|frame| &frame.id).eq(whole.iter().map(|frame| &frame.id));
    println!("first: {}", seen.first().map_or("", |frame| &frame.data));
    println!("last:  {}", seen.last().map_or("", |frame| &frame.data));
    println!("{} events, {} without a cut", seen.len(), whole.len());
    if same { Ok(()) } else { Err("the cuts changed what was seen".into()) }
}

fn bus() -> Result<EventBus, Failure> {
    // As many deltas as a reader may be behind and still resume.
    Ok(EventBus::builder().history(10_000).transient_history(10_000).build()?)
}

fn port(mut words: impl Iterator<Item = String>) -> Result<Option<u16>, String> {
    match (words.next().as_deref(), words.next(), words.next()) {
        (None, ..) => Ok(None),
        (Some("--port"), Some(port), None) => {
            port.parse().map(Some).map_err(|_| format!("--port {port}: give a number below 65536"))
        }
        _ => Err("usage: sse_server [--port PORT]".into()),
    }
}
