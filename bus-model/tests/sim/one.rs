//! Runs programs one after the other in this process, until one fails: what it leaves may be
//! locked, on stacks that are never unwound, or the end of the process.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::rng::{Rng, Seeded};
use super::world::{World, locked};
use super::{features, log, program, subscription};

/// A program takes milliseconds; one that stands still for so long has an endless loop.
const STANDS_STILL: Duration = Duration::from_mins(2);

/// Seeds from a first one on, and every n-th after it.
pub(crate) struct Seeds {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) step: usize,
}

/// Returns the seeds that the process which runs many asks of this one.
pub(crate) fn asked() -> Option<Seeds> {
    let asked = std::env::var("BUS_SIM_RUN").ok()?;
    let mut numbers = asked.split(' ').map(|number| number.parse::<u64>().unwrap_or_default());
    let (from, to, step) = (numbers.next()?, numbers.next()?, numbers.next()?);
    Some(Seeds { from, to, step: usize::try_from(step).ok()? })
}

pub(crate) fn run(Seeds { from, to, step }: Seeds) {
    // shuttle installs a hook once, which says something of each panic: ours comes after it.
    shuttle::check_random(|| (), 1);
    std::panic::set_hook(Box::new(on_panic));
    log::install();
    let at = Arc::new(AtomicU64::new(from));
    let watched = Arc::clone(&at);
    std::thread::spawn(move || watch(&watched));
    for seed in (from..to).step_by(step) {
        at.store(seed, Ordering::Relaxed);
        say(&format!("at {seed}"));
        let wrong = one(seed);
        if let Some(first) = wrong.first() {
            for wrong in &wrong {
                say(&format!("wrong {wrong}"));
            }
            fail(seed, first);
        }
    }
    say("done");
}

/// Runs one program; returns the promises that were not kept.
fn one(seed: u64) -> Vec<String> {
    let mut config = shuttle::Config::new();
    config.stack_size = 0x8_0000;
    config.failure_persistence = shuttle::FailurePersistence::None;
    // A thread with few turns among many that are parked, which shuttle wakes for nothing, needs
    // hundreds of thousands.
    config.max_steps = shuttle::MaxSteps::FailAfter(4_000_000);
    let found = Arc::new(Mutex::new(Vec::new()));
    let out = Arc::clone(&found);
    let runner = shuttle::Runner::new(Seeded::new(seed), config);
    let run = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            let wrong = program::run(seed);
            locked(&out).extend(wrong);
        })
    }));
    let mut wrong = std::mem::take(&mut *locked(&found));
    if let Err(panic) = run {
        let text = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
        if std::env::var_os("BUS_SIM_TRACE").is_some() {
            // With SHUTTLE_CAPTURE_BACKTRACE=1 it says where each thread waits.
            eprintln!("{text}");
        }
        wrong.push(if text.starts_with("deadlock") {
            "a hang: every thread waits".to_owned()
        } else {
            text.to_owned()
        });
        wrong.extend(World::current().map(|world| locked(&world.wrong).clone()).unwrap_or_default());
        // An earlier failure explains it better.
        wrong.rotate_left(1);
    }
    wrong
}

fn on_panic(info: &std::panic::PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or("a panic");
    if subscription::is_on_purpose(text) {
        return;
    }
    if text.starts_with("panic in a ") {
        // It cannot unwind. The process ends behind this, and the one that runs many says which
        // seed it was.
        say(&format!("wrong the process aborts: {text}"));
    }
    // A panic of shuttle ends the run by itself, or comes from a drop behind that end.
    if info.location().is_some_and(|location| location.file().contains("shuttle-")) {
        return;
    }
    if let Some(world) = World::current() {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        world.wrong(format!("a panic of its own at {location}: {text}"));
    }
}

fn watch(at: &AtomicU64) {
    let mut before = u64::MAX;
    loop {
        let now = at.load(Ordering::Relaxed);
        if now == before {
            fail(now, "stands still");
        }
        before = now;
        // The only clock that a loop without an end does not stop.
        std::thread::sleep(STANDS_STILL);
    }
}

/// A line for the process that runs many.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "sim: {line}");
    let _ = out.flush();
}

fn fail(seed: u64, why: &str) -> ! {
    let drawn = features::Features::draw(&mut Rng::new(seed)).names();
    say(&format!("failed {seed} [{drawn}] {}", why.replace('\n', " ")));
    std::process::exit(1)
}
