//! Everything random follows from one number: the program, the actions of its callbacks, and the
//! thread that runs next.

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

/// The generator "splitmix64".
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Self(seed ^ 0x5eed);
        // Neighbouring seeds begin far from each other.
        Self(rng.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    /// Whether the one case of `cases` happens.
    pub(crate) fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// The thread of the clock is the first one that is started: it waits long enough by itself.
const CLOCK: usize = 1;

/// Chooses who runs: each seed has a bias of its own towards whoever runs, and some have threads
/// that get far more turns than others.
#[derive(Debug)]
pub(crate) struct Seeded {
    seed: u64,
    rng: Rng,
    /// In how many cases of a thousand the thread that runs goes on.
    stays: usize,
    weighted: bool,
    done: bool,
}

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed.wrapping_add(1 << 40));
        let stays = rng.pick(&[0, 0, 300, 700, 900, 980]);
        Self { seed, weighted: rng.one_in(3), rng, stays, done: false }
    }

    fn weight(&self, task: TaskId) -> usize {
        if !self.weighted {
            return 1;
        }
        if usize::from(task) == CLOCK {
            return 60;
        }
        let id = u64::try_from(usize::from(task)).unwrap_or_default();
        Rng::new(self.seed ^ (id << 20)).pick(&[1, 1, 8, 60])
    }
}

impl Scheduler for Seeded {
    fn new_execution(&mut self) -> Option<Schedule> {
        (!std::mem::replace(&mut self.done, true)).then(|| Schedule::new(self.seed))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, yields: bool) -> Option<TaskId> {
        let current = current.filter(|current| runnable.iter().any(|task| task.id() == *current));
        if !yields && current.is_some() && self.rng.below(1_000) < self.stays {
            return current;
        }
        // A thread that yields lets another one run, if there is one.
        let away = current.filter(|_| yields && runnable.len() > 1);
        let fit = || runnable.iter().map(|task| task.id()).filter(|task| Some(*task) != away);
        let all: usize = fit().map(|task| self.weight(task)).sum();
        let mut at = self.rng.below(all);
        let chosen = fit().find(|task| {
            let weight = self.weight(*task);
            let here = at < weight;
            at = at.saturating_sub(weight);
            here
        });
        chosen.or(current)
    }

    fn next_u64(&mut self) -> u64 {
        self.rng.next()
    }
}
