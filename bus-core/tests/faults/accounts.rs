//! The accounts of handlers that come and go while events wait, against a ledger for each of them.
//!
//! All of it happens on one thread: one handler, the conductor, publishes, subscribes and ends
//! others while the group that it is in is at work, so that the same seed does the same again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bus_core::{BoxError, EventBus, Overflow, Stats, Subscription};

use crate::common::{ON_PURPOSE, check_accounts, watch_apart};
use crate::events::{Faults, FaultsEmit};
use crate::programs::Random;

/// The outcomes of the events of one handler, as the test itself saw them.
#[derive(Debug, Default, Clone)]
struct Ledger {
    matched: u64,
    called: u64,
    failed: u64,
    panicked: u64,
    missed: u64,
}

struct Inner {
    random: Random,
    ledgers: BTreeMap<String, Ledger>,
    live: Vec<(String, Subscription)>,
    budget: u32,
    next: u64,
}

#[derive(Clone)]
struct World {
    bus: EventBus,
    overflow: Overflow,
    capacity: usize,
    inner: Arc<Mutex<Inner>>,
}

enum Step {
    Publish(u64),
    Join,
    Leave,
}

impl World {
    fn new(seed: u64, overflow: Overflow) -> Self {
        let mut random = Random::new(seed);
        let capacity = 1 + usize::try_from(random.below(4)).unwrap();
        let (ledgers, live) = (BTreeMap::new(), Vec::new());
        let inner = Inner { random, ledgers, live, budget: 60, next: 0 };
        let bus = EventBus::builder().history(0).chain_limit(1_000).build().unwrap();
        Self { bus, overflow, capacity, inner: Arc::new(Mutex::new(inner)) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap())
    }

    fn note(&self, name: &str, note: impl FnOnce(&mut Ledger)) {
        self.with(|inner| note(inner.ledgers.get_mut(name).unwrap()));
    }

    fn join(&self, conducts: bool) {
        let name = self.with(|inner| {
            let name = format!("m{}", inner.ledgers.len());
            inner.ledgers.insert(name.clone(), Ledger::default());
            name
        });
        let (world, own, lagged, missed) = (self.clone(), name.clone(), self.clone(), name.clone());
        let guard = self
            .bus
            .subscribe::<Faults>()
            .name(name.clone())
            .capacity(self.capacity)
            .hard_limit(self.capacity + 2)
            .overflow(self.overflow)
            .on_lag(move |lag| lagged.note(&missed, |ledger| ledger.missed += lag.missed.unwrap()))
            .handle_sync(move |event| {
                let fate = (event.seq() + own.len() as u64 + u64::from(own.as_bytes()[1])) % 7;
                world.note(&own, |ledger| {
                    ledger.called += 1;
                    ledger.failed += u64::from(fate == 0);
                    ledger.panicked += u64::from(fate == 1);
                });
                if conducts {
                    world.conduct();
                }
                match fate {
                    0 => Err(BoxError::from("no")),
                    1 => panic!("{ON_PURPOSE}"),
                    _ => Ok(()),
                }
            });
        self.with(|inner| inner.live.push((name, guard)));
    }

    /// Between one and six steps while the handlers are at work.
    fn conduct(&self) {
        let steps = self.with(|inner| {
            let steps = (1 + u32::try_from(inner.random.below(6)).unwrap()).min(inner.budget);
            inner.budget -= steps;
            steps
        });
        for _ in 0..steps {
            self.step();
            self.check(false);
        }
    }

    fn step(&self) {
        let step = self.with(|inner| match inner.random.below(10) {
            0 | 1 => Step::Join,
            2 => Step::Leave,
            _ => {
                inner.next += 1;
                Step::Publish(inner.next)
            }
        });
        match step {
            Step::Publish(n) => self.publish(n),
            Step::Join => self.join(false),
            Step::Leave => {
                // The conductor is among the first two and stays.
                let ended = self.with(|inner| {
                    let others = inner.live.len().saturating_sub(2) as u64;
                    let at = (others > 0).then(|| 2 + inner.random.below(others));
                    at.map(|at| inner.live.remove(usize::try_from(at).unwrap()))
                });
                drop(ended);
            }
        }
    }

    fn publish(&self, n: u64) {
        let names: Vec<_> = self.with(|inner| inner.live.iter().map(|(name, _)| name.clone()).collect());
        for name in &names {
            self.note(name, |ledger| ledger.matched += 1);
        }
        let agent = self.bus.stream("agent");
        let sent = if self.overflow == Overflow::Coalesce {
            agent.emit_pulse(n).send()
        } else {
            agent.emit_ping(n).send()
        };
        let receipt = sent.receipt();
        assert_eq!((receipt.refused(), receipt.reached()), (None, names.len()), "event {n}");
    }

    #[track_caller]
    fn check(&self, idle: bool) {
        let stats = self.bus.stats();
        check_accounts(&stats);
        self.with(|inner| {
            for (name, _) in &inner.live {
                let (own, entry) = (&inner.ledgers[name], stats.subscription(name).unwrap());
                let counts = entry.counts;
                assert_eq!(counts.matched, own.matched, "events that matched {name}: {own:?}\n{entry:?}");
                let settled =
                    (counts.handled + counts.failed + counts.panicked, counts.failed, counts.panicked);
                let expected = (own.called, own.failed, own.panicked);
                if idle {
                    assert_eq!(settled, expected, "(settled, failed, panicked) of {name}\n{entry:?}");
                    assert_eq!(
                        counts.overflowed, own.missed,
                        "how many lost events were reported to {name}\n{entry:?}"
                    );
                } else {
                    assert!(settled.0 <= expected.0, "{name} counts more events than it was called for");
                }
            }
            if idle {
                Self::check_ended(inner, &stats);
            }
        });
    }

    #[track_caller]
    fn check_ended(inner: &Inner, stats: &Stats) {
        let is_live = |name: &String| inner.live.iter().any(|(live, _)| live == name);
        let ended: Vec<_> =
            inner.ledgers.iter().filter(|(name, _)| !is_live(name)).map(|(_, own)| own).collect();
        let sum = |of: fn(&Ledger) -> u64| ended.iter().map(|own| of(own)).sum::<u64>();
        let all = &stats.ended;
        let settled = all.handled + all.failed + all.panicked;
        assert_eq!(all.matched, sum(|own| own.matched), "events that matched those that ended");
        assert_eq!(settled, sum(|own| own.called), "calls of those that ended: {all:?}");
        assert_eq!((all.failed, all.panicked), (sum(|own| own.failed), sum(|own| own.panicked)));
    }

    fn run(&self) {
        let first = self.with(|inner| inner.random.below(2) == 0);
        self.join(first);
        self.join(!first);
        while self.with(|inner| inner.budget > 0) {
            self.with(|inner| inner.budget -= 1);
            self.step();
        }
        // The last one reports what was lost before it.
        let n = self.with(|inner| inner.next + 1);
        self.publish(n);
        self.check(true);
        // The handlers hold the world.
        self.with(|inner| std::mem::take(&mut inner.live));
    }
}

#[test]
fn the_accounts_of_each_handler_are_right_though_others_come_and_go() {
    watch_apart(None, |stand| {
        for overflow in [Overflow::Wait, Overflow::DropOldest, Overflow::DropNewest, Overflow::Coalesce] {
            for seed in 1..=100 {
                stand.at(format!("{overflow:?}, seed {seed}"));
                World::new(seed, overflow).run();
            }
        }
    });
}
