//! Reads a recorded session, of this bus or of the Python runtime, and publishes it again.
//!
//! ```sh
//! cargo run --example replay -- examples/data/session.jsonl
//! cargo run --example replay -- --speed 1 --out copy.jsonl session.jsonl.gz
//! cargo run --example replay -- --lenient chat-transcript.jsonl
//! ```
//!
//! A line that is not an event is reported with its number and skipped; the rest is published, and
//! the exit code is 1.

mod args;
#[path = "../../bus-cli/src/source/gzip.rs"]
mod gzip;
mod input;
#[path = "../common/record.rs"]
mod record;
mod tally;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bus_agent::AgentEvents;
use bus_core::EventBus;
use bus_core::wire::LineCause;
use tokio::time::{Instant, sleep_until};

use crate::args::{Asked, Options};
use crate::input::Input;
use crate::record::Record;
use crate::tally::{Progress, Tally};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match args::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Replay(options)) => options,
        Ok(Asked::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("replay: {problem}");
            return ExitCode::from(2);
        }
    };
    match replay(options).await {
        Ok(tally) => {
            print!("{tally}");
            ExitCode::from(u8::from(!tally.is_whole()))
        }
        Err(problem) => {
            eprintln!("replay: {problem}");
            ExitCode::from(1)
        }
    }
}

async fn replay(options: Options) -> Result<Tally, String> {
    let bus = EventBus::builder().events::<AgentEvents>().build().map_err(|error| error.to_string())?;
    let input = Input::open(&options.file)?;
    let output = options.out.map(|path| Record::open(&bus, &path)).transpose()?;

    // Two subscribers count independently of each other: one by string kind, one by type.
    let tally = Arc::new(Mutex::new(Tally::default()));
    let counting = Arc::clone(&tally);
    let mut progress = Progress::new(input.position(), input.size());
    let by_kind = bus.subscribe_any().name("by kind").handle_sync(move |event| {
        let mut tally = counting.lock().unwrap_or_else(PoisonError::into_inner);
        tally.see(event);
        progress.draw(tally.seen());
    });
    let counting = Arc::clone(&tally);
    let by_type = bus.subscribe::<AgentEvents>().name("by type").handle_sync(move |_| {
        counting.lock().unwrap_or_else(PoisonError::into_inner).see_typed();
    });

    let mut pace = Pace::new(options.speed);
    let reader = bus.reader().zone(options.zone);
    let mut lines = if options.lenient { reader.lenient("import") } else { reader }.lines(input);
    let (mut read, mut bad) = (0, 0);
    while let Some(line) = lines.next() {
        match line {
            Ok(event) => {
                pace.wait_for(event.timestamp(), lines.line()).await;
                let receipt = bus.republish(event).await;
                read += 1;
                if let Some(refused) = receipt.refused() {
                    return Err(format!("line {}: not published: {refused}", lines.line()));
                }
            }
            Err(error) => {
                eprintln!("replay: {error}");
                bad += 1;
                if matches!(error.cause(), LineCause::Io(_)) {
                    break;
                }
            }
        }
    }
    bus.close(Duration::from_secs(10)).await;
    drop((by_kind, by_type));
    output.map_or(Ok(()), Record::finish)?;
    let mut tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
    tally.end(read, bad, lines.mended());
    Ok(tally)
}

/// A wait is reported if it is longer, so that a wrong time in a file does not look like a hang.
const LONG: Duration = Duration::from_mins(1);
const STOP: &str = "Stop with ctrl-c; a higher --speed waits less, without --speed nothing waits";

/// A duration of a minute or more, in its two largest units.
fn shown(wait: Duration) -> String {
    let minutes = wait.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min {} s", wait.as_secs() % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} days {hours} h"),
    }
}

/// Delays an event until its time, measured from the first one.
struct Pace {
    speed: Option<f64>,
    first: Option<(SystemTime, Instant)>,
}

impl Pace {
    fn new(speed: Option<f64>) -> Self {
        Self { speed, first: None }
    }

    async fn wait_for(&mut self, recorded: SystemTime, line: u64) {
        let Some(speed) = self.speed else { return };
        let (first, begun) = *self.first.get_or_insert((recorded, Instant::now()));
        // An event that is older than the first one is due at once.
        let since = recorded.duration_since(first).unwrap_or_default();
        let due = Duration::try_from_secs_f64(since.as_secs_f64() / speed).unwrap_or(Duration::MAX);
        if let Some(at) = begun.checked_add(due) {
            let wait = at.duration_since(Instant::now());
            if wait > LONG {
                eprintln!("replay: line {line}: waits {} for its time: is that right? {STOP}", shown(wait));
            }
            sleep_until(at).await;
        } else {
            eprintln!("replay: line {line}: its time is too far away to wait for, so it comes at once");
        }
    }
}
