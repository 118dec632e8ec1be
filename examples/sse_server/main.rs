//! Events over HTTP, resumed after a disconnect: `bus_web` serves them, `page.html` shows them.
//!
//! ```sh
//! cargo run --example sse_server                 # a server and a reader that is cut off twice
//! cargo run --example sse_server -- --port 8080  # the server alone, with a page, until Ctrl-C
//! execution=$(curl -sd "one two three" localhost:8080/executions)
//! curl -N "localhost:8080/bus/events?execution=$execution"  # add -H "Last-Event-ID: …" to go on
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
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("sse_server: {problem}");
            return ExitCode::from(2);
        }
    };
    let done = match options.port {
        Some(port) => serve(port, options.history).await,
        None => try_out(options.history).await,
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
async fn serve(port: u16, history: usize) -> Result<(), Failure> {
    let bus = bus(history)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let closing = bus.clone();
    let closed = async move {
        let _ = tokio::signal::ctrl_c().await;
        closing.close(Duration::from_secs(5)).await;
    };
    axum::serve(listener, server::router(&bus)).with_graceful_shutdown(closed).await?;
    println!("closed");
    Ok(())
}

/// A reader that is disconnected twice, and one that is not: both must have received the same.
async fn try_out(history: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?.to_string();
    tokio::spawn(axum::serve(listener, server::router(&bus(history)?)).into_future());

    let execution = client::start(&server, TEXT).await?;
    let mut seen: Vec<client::Frame> = Vec::new();
    for most in [5, 12, usize::MAX] {
        let last = seen.last().map(|frame| frame.id.clone());
        let frames = client::follow(&server, &execution, last.as_deref(), most).await?;
        println!("connected after event {}: {} events", last.as_deref().unwrap_or("none"), frames.len());
        seen.extend(frames);
    }
    let whole = client::follow(&server, &execution, None, usize::MAX).await?;
    let same = seen.iter().map(|frame| &frame.id).eq(whole.iter().map(|frame| &frame.id));
    println!("first: {}", seen.first().map_or("", |frame| &frame.data));
    println!("last:  {}", seen.last().map_or("", |frame| &frame.data));
    println!("{} events, {} without a cut", seen.len(), whole.len());
    if same { Ok(()) } else { Err("the cuts changed what was seen".into()) }
}

/// As many events, deltas among them, as a reader may be behind and still resume.
fn bus(history: usize) -> Result<EventBus, Failure> {
    Ok(EventBus::builder().history(history).transient_history(history).build()?)
}

struct Options {
    /// Without one the program tries the server out.
    port: Option<u16>,
    history: usize,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { port: None, history: 10_000 };
        while let Some(word) = words.next() {
            let number = words.next().unwrap_or_default();
            match word.as_str() {
                "--port" => {
                    let port = number.parse();
                    options.port =
                        Some(port.map_err(|_| format!("--port {number}: give a number below 65536"))?);
                }
                "--history" => {
                    options.history =
                        number.parse().map_err(|_| format!("--history {number}: give a number"))?;
                }
                _ => return Err("usage: sse_server [--port PORT] [--history EVENTS]".into()),
            }
        }
        Ok(options)
    }
}
