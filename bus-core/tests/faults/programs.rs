//! Random programs of handlers that publish and wait, on several threads: none hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use bus_core::{EventBus, Receipt, Subscription};

use crate::common::{Notes, block_on, check_accounts, watch_apart};
use crate::events::{FaultsEmit, compute, number, wait_until_idle};

/// The same numbers for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// Each set of kinds is a handler group of its own.
const KINDS: [&[&str]; 6] =
    [&["ping"], &["pong"], &["pang"], &["ping", "pong"], &["pong", "pang"], &["ping", "pong", "pang"]];

#[derive(Clone)]
struct Program {
    bus: EventBus,
    seed: u64,
    /// How many events the handlers may publish yet.
    budget: Arc<AtomicI64>,
    next: Arc<AtomicU64>,
}

impl Program {
    fn new(seed: u64) -> Self {
        // Some programs are long enough for the hand-over to a thread of the bus.
        let budget = if seed.is_multiple_of(4) { 150 } else { 14 };
        let bus = EventBus::builder().history(0).chain_limit(1_000).build().unwrap();
        Self { bus, seed, budget: Arc::new(AtomicI64::new(budget)), next: Arc::default() }
    }

    fn publish(&self, random: &mut Random) {
        let (agent, n) = (self.bus.stream("agent"), self.next.fetch_add(1, Ordering::SeqCst));
        let waits = random.below(10) < 7;
        let receipt = match (random.below(3), waits) {
            (0, true) => block_on(agent.emit_ping(n)),
            (1, true) => block_on(agent.emit_pong(n)),
            (_, true) => block_on(agent.emit_pang(n)),
            (0, false) => agent.emit_ping(n).send().receipt().clone(),
            (1, false) => agent.emit_pong(n).send().receipt().clone(),
            (_, false) => agent.emit_pang(n).send().receipt().clone(),
        };
        Self::check(&receipt, waits);
    }

    fn check(receipt: &Receipt, waited: bool) {
        assert!(receipt.is_ok(), "{receipt:?}");
        if waited {
            let settled = receipt.handled() + receipt.deferred();
            assert_eq!(settled, receipt.reached(), "an awaited emit returned early: {receipt:?}");
        }
    }

    fn subscribe(&self, at: u64, kinds: &[&str], seqs: Notes<u64>) -> Subscription {
        let program = self.clone();
        self.bus.subscribe_any().kinds(kinds).handle_sync(move |event| {
            seqs.add(event.seq());
            let mut random = Random::new(program.seed ^ (number(event) << 20) ^ (at << 50));
            if random.below(8) == 0 {
                compute(Duration::from_micros(1_100));
            }
            for _ in 0..random.below(3) {
                if program.budget.fetch_sub(1, Ordering::SeqCst) > 0 {
                    program.publish(&mut random);
                }
            }
        })
    }

    fn run(&self) {
        let mut random = Random::new(self.seed);
        let groups = 2 + random.below(4);
        let mut handlers = Vec::new();
        for at in 0..groups {
            let kinds = KINDS[usize::try_from(random.below(6)).unwrap()];
            for _ in 0..=random.below(2) {
                let seqs = Notes::<u64>::new();
                handlers.push((self.subscribe(at, kinds, seqs.clone()), seqs));
            }
        }
        let publishes = if self.seed.is_multiple_of(8) { 40 } else { 2 };
        let threads: Vec<_> = (0..=random.below(4))
            .map(|thread| {
                let (program, mut random) = (self.clone(), Random::new(self.seed ^ (thread << 40)));
                std::thread::spawn(move || (0..publishes).for_each(|_| program.publish(&mut random)))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        wait_until_idle(&self.bus);
        check_accounts(&self.bus.stats());
        for (_, seqs) in &handlers {
            let seqs = seqs.all();
            assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "seed {}: {seqs:?}", self.seed);
        }
    }
}

#[test]
fn no_program_of_handlers_that_wait_for_each_other_hangs() {
    watch_apart(None, |stand| {
        for seed in 1..=120 {
            stand.at(format!("program {seed}"));
            Program::new(seed).run();
        }
    });
}
