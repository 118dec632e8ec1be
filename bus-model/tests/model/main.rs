//! Random programs run in the real bus and in a plain reference model: deliveries, their order,
//! receipts, stats, history, gaps and the report of a close must be the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod facts;
mod group;
mod handlers;
mod life;
mod program;
mod queue;
mod real;
mod run;
mod subscribe;
mod waits;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRunner};

use facts::Tally;
use program::{Op, Program, Since};
use real::Real;
use run::Mode;
use world::{Checked, Life, World};

/// The number of cases in `cargo test`; `BUS_MODEL_CASES` asks for more.
const CASES: u32 = 10_000;

#[test]
fn bus_and_reference_model_agree() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(handlers::ON_PURPOSE) {
            usual(panic);
        }
    }));
    let cases = std::env::var("BUS_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 1_500,
        // The other one takes a fifth of the time in an unoptimised build.
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    });
    let outcome = runner.run(&program::program(), |program| both(&program).map_err(TestCaseError::fail));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn both(program: &Program) -> Checked {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut play = Play {
            real: Real::new(program),
            world: World::new(program),
            awaited: Vec::new(),
            closing: 0,
            closed: 0,
            waits: 0,
        };
        for (at, op) in program.ops.iter().enumerate() {
            let done = match play.apply(at, op).await {
                Ok(()) => play.compare(),
                Err(wrong) => Err(wrong),
            };
            done.map_err(|wrong| format!("at {at} {op:?}: {wrong}"))?;
        }
        play.end().await.map_err(|wrong| format!("at the end: {wrong}"))
    })
}

/// One program while it runs on both sides.
struct Play {
    real: Real,
    world: World,
    /// Awaited publishes: the op, and the publish in the model.
    awaited: Vec<(usize, usize)>,
    /// Closes that wait for an idle bus.
    closing: usize,
    closed: usize,
    waits: usize,
}

impl Play {
    fn cursor(&self, since: Option<Since>) -> Option<bus_core::EventId> {
        let since = since?;
        let place = if let Since::Back(back) = since { self.world.cursor(back) } else { None };
        self.real.cursor(since, place)
    }

    async fn apply(&mut self, at: usize, op: &Op) -> Checked {
        let subs = self.world.subs.len();
        match op {
            Op::Subscribe(spec) => self.subscribe(spec)?,
            Op::Wait { spec, now } if !self.world.closed => {
                self.real.wait(spec, *now, self.cursor(spec.since));
                self.world.subscribe(spec, Some(*now))?;
            }
            Op::Send(what) => {
                let reported = self.real.send(what);
                self.follow_log();
                let publish = self.world.publish(what, Mode::Send, None)?;
                let slip = self.world.slip(publish).at_once();
                same("the receipt", &reported, &slip)?;
            }
            Op::Await(what) => {
                self.real.publish(at, what);
                self.real.settle().await;
                self.follow_log();
                let publish = self.world.publish(what, Mode::Await, None)?;
                self.awaited.push((at, publish));
            }
            Op::Unsubscribe(which) if subs > 0 && self.world.subs[which % subs].wait.is_none() => {
                let which = which % subs;
                same("unsubscribing", &self.real.unsubscribe(which), &self.world.end(which))?;
            }
            Op::Read(which, count) if subs > 0 => {
                let reported = self.real.read(which % subs, *count);
                if self.world.subs[which % subs].script().is_none()
                    && self.world.subs[which % subs].wait.is_none()
                {
                    self.world.read(which % subs, *count, &reported)?;
                }
            }
            Op::Open(which) if subs > 0 => {
                self.real.open(which % subs, 1);
                self.world.open(which % subs);
            }
            Op::Advance => {
                self.real.settle().await;
                tokio::time::advance(std::time::Duration::from_millis(100)).await;
                self.world.advance();
            }
            Op::History { set, stream, limit, oldest_first, since } => {
                self.ask(*set, *stream, *limit, *oldest_first, *since)?;
            }
            Op::Close { now } => self.close(*now).await?,
            _ => {}
        }
        self.real.settle().await;
        self.follow_log();
        self.world.settle_all()
    }

    fn subscribe(&mut self, spec: &program::Spec) -> Checked {
        if !self.world.closed {
            self.real.shared.subscribe(spec, self.cursor(spec.since)).map_err(|error| error.to_string())?;
            self.follow_log();
            return self.world.subscribe(spec, None).map(drop);
        }
        if matches!(spec.receive, program::Receive::Stream) {
            return Ok(());
        }
        same("subscribing", &self.real.shared.subscribe(spec, None), &Err(bus_core::SubscribeError::Closed))
    }

    /// Passes the log to the model.
    fn follow_log(&mut self) {
        self.world.log.extend(self.real.take_log());
    }

    fn ask(
        &self,
        set: program::Set,
        stream: Option<u8>,
        limit: usize,
        oldest_first: bool,
        since: Option<Since>,
    ) -> Checked {
        let reported = real::history(self.real.bus(), set, stream, limit, oldest_first, self.cursor(since));
        let after = match since {
            Some(Since::Back(back)) => self.world.cursor(back).unwrap_or(0),
            _ => 0,
        };
        let mut wanted = self.world.kept();
        wanted.retain(|event| {
            set.holds(event.what.kind)
                && event.seq > after
                && stream.is_none_or(|stream| event.what.stream == stream)
        });
        if !oldest_first {
            wanted.reverse();
        }
        let wanted: Vec<_> = wanted.iter().map(|event| event.n).take(limit).collect();
        same("history", &reported, &wanted)
    }

    async fn close(&mut self, now: bool) -> Checked {
        self.real.close(now).await;
        self.world.close();
        if !now {
            self.closing += 1;
            return Ok(());
        }
        let report = self.report();
        for (sub, _, _) in &report.0 {
            self.world.end(*sub);
        }
        self.closed += 1;
        let reported = self.real.shared.closes.lock().unwrap().last().cloned();
        same("the report of the close", &reported, &Some(report))
    }

    /// The unfinished deliveries on the bus.
    fn report(&self) -> handlers::Closed {
        let (mut left, mut unread) = (Vec::new(), Vec::new());
        for (id, sub) in self.world.subs.iter().enumerate() {
            let (running, waiting) = self.world.at_work(sub);
            if sub.life == Life::Gone || running + waiting == 0 {
            } else if sub.script().is_none() {
                unread.push((id, waiting));
            } else {
                left.push((id, running, waiting));
            }
        }
        (left, unread)
    }

    /// All visible state.
    fn compare(&mut self) -> Checked {
        let stats = self.real.bus().stats();
        bus_model::check_accounts(&stats)?;
        let world = &self.world;
        let reported: Vec<_> =
            stats.subscriptions.iter().map(|one| (tally(&one.counts), one.running, one.waiting)).collect();
        let alive = world.subs.iter().filter(|sub| sub.life != Life::Gone);
        let counted = |sub: &world::Sub| {
            let (running, waiting) = world.at_work(sub);
            (sub.tally, running, waiting)
        };
        let wanted: Vec<_> = alive.map(counted).collect();
        same("the stats of the subscriptions", &reported, &wanted)?;
        same("the stats of what has ended", &tally(&stats.ended), &world.ended)?;
        let kinds = ["step", "token", "alarm", "level", "gauge"];
        let by_kind = kinds.map(|kind| stats.published.get(kind).copied().unwrap_or(0));
        same("published by kind", &by_kind, &world.by_kind)?;
        let reported = (stats.discarded, stats.refused, stats.kept, stats.evicted, stats.evicted_transient);
        let [main, transient] = &world.rings;
        same(
            "the totals",
            &reported,
            &(world.unobserved, world.refused, world.kept().len(), main.evicted, transient.evicted),
        )?;
        self.ask(program::Set::Any, None, 1_000, true, None)?;
        self.compare_ends()
    }

    /// The results that tasks waited for.
    fn compare_ends(&mut self) -> Checked {
        let reported = std::mem::take(&mut *self.real.shared.receipts.lock().unwrap());
        let done = |publish: usize| self.world.publishes[publish].pending.is_empty();
        let mut wanted: Vec<_> = self
            .awaited
            .iter()
            .filter(|(_, publish)| done(*publish))
            .map(|(at, publish)| (*at, self.world.slip(*publish)))
            .collect();
        let mut reported: Vec<_> = reported;
        reported.sort_by_key(|(at, _)| *at);
        wanted.sort_by_key(|(at, _)| *at);
        same("receipts of awaited publishes", &reported, &wanted)?;
        let world = &self.world;
        self.awaited.retain(|(_, publish)| !world.publishes[*publish].pending.is_empty());
        let waits = self.real.shared.waits.lock().unwrap().clone();
        let ended: Vec<_> = world
            .subs
            .iter()
            .enumerate()
            .filter_map(|(id, sub)| match sub.wait {
                Some(world::Wait::Over(result)) => Some((id, result)),
                _ => None,
            })
            .collect();
        let mut reported = waits;
        reported.sort_by_key(|(id, _)| *id);
        same("waits", &reported, &ended)?;
        self.waits = reported.len();
        if self.world.is_idle() {
            self.closed += std::mem::take(&mut self.closing);
        }
        same("closes that are done", &self.real.shared.closes.lock().unwrap().len(), &self.closed)
    }

    /// Opens all gates and reads all streams: then every delivery must end.
    async fn end(&mut self) -> Checked {
        let mut turns = 0;
        while turns == 0 || !(self.world.is_idle() && self.awaited.is_empty()) {
            turns += 1;
            for sub in 0..self.world.subs.len() {
                self.apply(usize::MAX, &Op::Open(sub)).await?;
                self.apply(usize::MAX, &Op::Read(sub, 64)).await?;
            }
            self.compare()?;
            if turns > 200 {
                return Err(format!(
                    "not all comes to an end: {:?}",
                    self.world
                        .calls
                        .iter()
                        .filter(|call| call.stage != world::Stage::Done)
                        .collect::<Vec<_>>()
                ));
            }
        }
        Ok(())
    }
}

fn tally(counts: &bus_core::Counts) -> Tally {
    Tally {
        matched: counts.matched,
        handled: counts.handled,
        failed: counts.failed,
        panicked: counts.panicked,
        timed_out: counts.timed_out,
        overflowed: counts.overflowed,
        coalesced: counts.coalesced,
        dropped: counts.dropped,
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, reported: &T, wanted: &T) -> Checked {
    if reported == wanted {
        Ok(())
    } else {
        Err(format!("{what}: the bus says {reported:?}, the model {wanted:?}"))
    }
}
