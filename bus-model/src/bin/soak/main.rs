//! A load of every feature for a given time: two runtimes and plain threads publish, subscriptions
//! of every kind come and go, handlers are slow, fail and panic, and the stats must add up at every
//! check. `cargo xtask soak` builds and runs it.

mod load;
mod receipts;
mod subscribers;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bus_core::{EventBus, Stats};

/// State that all parts of the soak share.
struct Soak {
    bus: EventBus,
    stop: AtomicBool,
    receipts: receipts::Receipts,
    /// Subscriptions that came and went.
    churned: AtomicU64,
    /// Waits that ended.
    waited: AtomicU64,
    /// The first error.
    wrong: std::sync::Mutex<Option<String>>,
}

impl Soak {
    fn running(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Ends the soak with an error; the first report counts.
    fn fail(&self, what: impl Into<String>) {
        self.wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(what.into());
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn main() -> ExitCode {
    // Handlers panic on purpose, thousands of times, so only a panic of the soak itself is printed.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(subscribers::ON_PURPOSE) {
            usual(panic);
        }
    }));
    match arguments().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("soak failed: {wrong}");
            ExitCode::FAILURE
        }
    }
}

/// The duration: `--minutes N`, or `--seconds N` for a short run.
fn arguments() -> Result<Duration, String> {
    use lexopt::prelude::*;
    let mut length = Duration::from_mins(1);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        let seconds = match argument {
            Long("minutes") => 60,
            Long("seconds") => 1,
            _ => return Err(argument.unexpected().to_string()),
        };
        let number: u64 =
            parser.value().and_then(|value| value.parse()).map_err(|error| error.to_string())?;
        length = Duration::from_secs(number * seconds);
    }
    Ok(length)
}

fn run(length: Duration) -> Result<(), String> {
    let bus = EventBus::builder().max_concurrent_handlers(6).build().map_err(|error| error.to_string())?;
    let soak = Arc::new(Soak {
        bus,
        stop: AtomicBool::new(false),
        receipts: receipts::Receipts::default(),
        churned: AtomicU64::new(0),
        waited: AtomicU64::new(0),
        wrong: std::sync::Mutex::new(None),
    });
    let runtimes = [runtime("one")?, runtime("two")?];
    let seen = subscribers::enter(&soak, &runtimes);
    let threads = load::start(&soak, &runtimes);
    let begun = Instant::now();
    watch::until(&soak, begun, length);
    soak.stop.store(true, Ordering::Relaxed);
    let all_ended = load::join(threads, Duration::from_mins(1));
    let report = runtimes[0].block_on(soak.bus.close(Duration::from_secs(30)));
    let stats = soak.bus.stats();
    print(&soak, &stats, begun.elapsed());
    let wrong = soak.wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    wrong.map_or(Ok(()), Err)?;
    all_ended?;
    if !report.is_drained() {
        return Err(format!("the bus could not be drained: {:?}", report.left));
    }
    closing(&soak, &stats)?;
    seen.compare(&stats)
}

fn runtime(name: &str) -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(name)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}

/// The totals over the whole bus, now that it is idle.
fn closing(soak: &Soak, stats: &Stats) -> Result<(), String> {
    bus_model::check_accounts(stats)?;
    soak.receipts.compare(stats)?;
    if let Some(busy) = stats.subscriptions.iter().find(|one| one.running > 0) {
        return Err(format!("`{}` still runs on an idle bus", busy.name));
    }
    Ok(())
}

fn print(soak: &Soak, stats: &Stats, time: Duration) {
    let deliveries = bus_model::matched(stats);
    println!(
        "soak: {:.1} min, {} events, {deliveries} deliveries, {} subscriptions came and went, {} waits",
        time.as_secs_f64() / 60.0,
        stats.published_total,
        soak.churned.load(Ordering::Relaxed),
        soak.waited.load(Ordering::Relaxed)
    );
    for one in &stats.subscriptions {
        println!("  {:<12} {:?}", one.name, one.counts);
    }
    println!("  {:<12} {:?}", "(ended)", stats.ended);
}
