//! How a comparison is measured: all sides of a group take turns in short slices, so that a noisy machine hits all of them alike.

use std::time::{Duration, Instant};

/// One of several implementations of the same work.
pub(crate) struct Side {
    pub(crate) name: String,
    /// The divisor of one run, such as the number of handlers that it reaches.
    per: f64,
    /// The work is done so often at a time.
    step: u64,
    /// Does the work that many times and gives how long that took. It asserts its own counts.
    run: Box<dyn FnMut(u64) -> Duration>,
}

/// Sides that do the same work.
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) title: String,
    /// What one number is the time of.
    pub(crate) unit: &'static str,
    pub(crate) sides: Vec<Side>,
    pub(crate) targets: Vec<Target>,
    /// How often a run does the work, where that is not for the clock to say.
    fixed: Option<u64>,
}

/// A target of a side.
pub(crate) struct Target {
    pub(crate) side: String,
    /// `None`: nanoseconds.
    pub(crate) against: Option<String>,
    pub(crate) at_most: f64,
}

/// The measurements of a side.
pub(crate) struct Taken {
    pub(crate) name: String,
    /// One number for each round.
    pub(crate) rounds: Vec<f64>,
}

/// The duration of a measurement.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) slice: Duration,
}

impl Side {
    /// A side whose run times itself, for work that needs a setup.
    pub(crate) fn timed(name: impl Into<String>, run: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self { name: name.into(), per: 1.0, step: 1, run: Box::new(run) }
    }

    /// A side that does all its work on the measuring thread. Only the processor time of that
    /// thread counts, so that other work on the machine does not.
    pub(crate) fn new(name: impl Into<String>, mut run: impl FnMut(u64) + 'static) -> Self {
        Self::timed(name, move |times| {
            let begun = thread_time();
            run(times);
            thread_time().saturating_sub(begun)
        })
    }

    /// A side that works on several threads: the elapsed time counts.
    pub(crate) fn threaded(name: impl Into<String>, mut run: impl FnMut(u64) + 'static) -> Self {
        Self::timed(name, move |times| {
            let begun = Instant::now();
            run(times);
            begun.elapsed()
        })
    }

    /// The same under another name.
    pub(crate) fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Divides its result by this.
    pub(crate) fn per(mut self, parts: usize) -> Self {
        self.per = parts as f64;
        self
    }

    /// Rounds the number of times up to a multiple of this.
    pub(crate) fn in_steps_of(mut self, step: usize) -> Self {
        self.step = step as u64;
        self
    }

    /// Does the work that many times, and gives the nanoseconds of one.
    pub(crate) fn take(&mut self, times: u64) -> f64 {
        let times = times.next_multiple_of(self.step);
        (self.run)(times).as_secs_f64() * 1e9 / times as f64 / self.per
    }

    /// The number of times that the work fits into a slice.
    fn fit(&mut self, slice: Duration) -> u64 {
        let mut times = 1;
        loop {
            let taken = (self.run)(times).as_secs_f64().max(1e-9);
            let fits = slice.as_secs_f64() / taken * times as f64;
            if taken * 4.0 > slice.as_secs_f64() || times > 1 << 30 {
                return (fits as u64).max(1);
            }
            times = (fits as u64 / 2).clamp(times * 2, times * 64);
        }
    }
}

impl Group {
    pub(crate) fn new(id: impl Into<String>, title: impl Into<String>, unit: &'static str) -> Self {
        let (sides, targets) = (Vec::new(), Vec::new());
        Self { id: id.into(), title: title.into(), unit, sides, targets, fixed: None }
    }

    pub(crate) fn side(mut self, side: Side) -> Self {
        self.sides.push(side);
        self
    }

    #[cfg(feature = "peers")]
    pub(crate) fn sides(mut self, sides: impl IntoIterator<Item = Side>) -> Self {
        self.sides.extend(sides);
        self
    }

    /// Runs the work this often in each round.
    pub(crate) fn fixed(mut self, times: u64) -> Self {
        self.fixed = Some(times);
        self
    }

    /// Sets the most that `side` may take, as a ratio to another side.
    pub(crate) fn target(mut self, side: &str, against: &str, at_most: f64) -> Self {
        let against = Some(against.to_owned());
        self.targets.push(Target { side: side.to_owned(), against, at_most });
        self
    }

    /// What `side` is to take at most, in nanoseconds.
    pub(crate) fn limit(mut self, side: &str, nanoseconds: f64) -> Self {
        self.targets.push(Target { side: side.to_owned(), against: None, at_most: nanoseconds });
        self
    }

    /// Measures all sides in turns. Each round begins with another one.
    pub(crate) fn measure(&mut self, effort: Effort) -> Vec<Taken> {
        let fixed = self.fixed;
        let times: Vec<_> =
            self.sides.iter_mut().map(|side| fixed.unwrap_or_else(|| side.fit(effort.slice))).collect();
        let taken = |side: &Side| Taken { name: side.name.clone(), rounds: Vec::new() };
        let mut taken: Vec<_> = self.sides.iter().map(taken).collect();
        let count = self.sides.len();
        // A run of fixed length is long: fewer of them do.
        let rounds = if fixed.is_some() { effort.rounds.div_ceil(3) } else { effort.rounds };
        for round in 0..rounds {
            for turn in 0..count {
                let at = (round + turn) % count;
                taken[at].rounds.push(self.sides[at].take(times[at]));
            }
        }
        taken
    }
}

impl Taken {
    pub(crate) fn median(&self) -> f64 {
        quantile(&self.rounds, 0.5)
    }

    /// Half the distance between the quartiles, as a share of the median.
    pub(crate) fn spread(&self) -> f64 {
        (quantile(&self.rounds, 0.75) - quantile(&self.rounds, 0.25)) / 2.0 / self.median()
    }

    /// The median of the ratios of the rounds, because a disturbance in a round affects both of its
    /// sides.
    pub(crate) fn ratio(&self, to: &Self) -> f64 {
        let ratios: Vec<_> = self.rounds.iter().zip(&to.rounds).map(|(own, other)| own / other).collect();
        quantile(&ratios, 0.5)
    }
}

/// The processor time of this thread.
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = at * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * place.fract()
}
