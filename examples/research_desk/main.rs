//! A small agent runtime on the bus: it works on several questions about a folder of files at the
//! same time.
//!
//! Read it in this order: `events` (additions to the agent catalogue), `agent` (a context that
//! emits), `nodes` (the work), `desk` (concurrent executions), `resume`
//! (going on after a crash), `serve` (a browser and AG-UI), `view` and `record` (two subscribers).
//!
//! ```sh
//! cargo run --example research_desk                           # a few questions, this repository
//! cargo run --example research_desk -- ~/notes "Who is Ada?"  # your questions, your files
//! cargo run --example research_desk -- --llm http://127.0.0.1:11434/v1 ~/notes "Who is Ada?"
//! cargo run --example research_desk -- --serve                # see it in a browser, ask more
//! cargo run --example research_desk -- --resume               # after a crash or Ctrl-C
//! ```

mod agent;
mod args;
mod corpus;
mod desk;
mod events;
mod llm;
mod nodes;
#[path = "../common/record.rs"]
mod record;
mod resume;
mod serve;
mod talk;
mod tools;
mod view;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bus_core::EventBus;
use bus_journal::Journal;
use tokio::sync::watch;

use crate::args::{Asked, Options};
use crate::desk::Outcome;
use crate::resume::Job;

/// The time limit of the subscribers, after the last event, to finish their queues.
const CLOSING: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let options = match args::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Work(options)) => options,
        Ok(Asked::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => return fault(&problem, 2),
    };
    match work(options).await {
        Ok(Outcome { interrupted: true, .. }) => ExitCode::from(130),
        Ok(Outcome { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(problem) => fault(&problem, 1),
    }
}

/// Runs from the first event to the last one, and returns the result.
async fn work(options: Options) -> Result<Outcome, String> {
    let model = match &options.llm {
        Some(url) => Some(llm::Client::connect(url, options.model).await.map_err(|error| error.to_string())?),
        None => None,
    };
    let journal = options.journal.as_deref().map(open).transpose()?;
    let job = match &journal {
        Some(journal) if options.resume => Job::resumed(journal),
        journal => Job::new(options.folder, options.questions, journal.as_ref()),
    };
    let job = job.map_err(|error| format!("the journal cannot be read: {error}"))?;
    if let (Some(journal), true) = (&options.journal, job.questions.is_empty()) {
        println!("nothing was interrupted in {}", journal.display());
        return Ok(Outcome::default());
    }
    if let (Some(journal), true, false) = (&journal, options.resume, options.quiet) {
        for gap in &journal.report().gaps {
            println!("the journal reports: {gap}");
        }
    }
    let bus = bus(journal)?;
    let record = options.json.map(|path| record::Record::open(&bus, &path)).transpose()?;
    let (opened, desk) = watch::channel(None);
    let server = match options.serve {
        Some(address) => Some(serve::start(&bus, address, desk).await?),
        None => None,
    };
    if let Some(server) = &server {
        println!("The events are at http://{}/ until Ctrl-C.", server.address());
    }
    let view = view::View::open(&bus, options.quiet, server.is_some());

    let opened = server.is_some().then_some(opened);
    let outcome = desk::run(&bus, job, model, interrupted(), opened).await;
    if let Some(server) = server {
        server.shutdown().await;
    }

    // No event is published after this; subscribers still get all earlier ones.
    let closed = bus.close(CLOSING).await;
    view.finish().await;
    record.map_or(Ok(()), record::Record::finish)?;
    if let (Some(journal), false) = (&options.journal, options.quiet) {
        let journal = journal.display();
        println!("\nEvery event is in {journal}. Look at it:");
        println!("  cargo run -q -p agent-events-cli -- executions {journal}");
        println!("  cargo run -q -p agent-events-cli -- log {journal} error");
        if matches!(outcome, Ok(Outcome { interrupted: true, .. })) {
            println!("Go on with it: cargo run --example research_desk -- --resume --journal {journal}");
        }
    }
    match closed.left.first() {
        Some(left) => Err(format!("{} did not get all events within {} s", left.name, CLOSING.as_secs())),
        None if closed.not_recorded > 0 => Err(format!("{} events are not recorded", closed.not_recorded)),
        None => outcome,
    }
}

/// Opens the journal at this path, or makes it.
fn open(path: &Path) -> Result<Journal, String> {
    let open = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Journal::open(path)
    };
    open().map_err(|error| format!("cannot record in {}: {error}", path.display()))
}

/// A bus that records in this journal, if there is one.
fn bus(journal: Option<Journal>) -> Result<EventBus, String> {
    let builder = EventBus::builder();
    let builder = if let Some(journal) = journal { builder.store(journal) } else { builder };
    builder.build().map_err(|error| error.to_string())
}

/// Becomes true on the first Ctrl-C; the second one ends the program at once.
fn interrupted() -> watch::Receiver<bool> {
    let (sender, stopped) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            sender.send_replace(true);
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
        // Without a handler there is no Ctrl-C to wait for; the sender stays alive, so that its
        // receivers do not fail.
        sender.closed().await;
    });
    stopped
}

fn fault(problem: &str, code: u8) -> ExitCode {
    eprintln!("research_desk: {problem}");
    ExitCode::from(code)
}
