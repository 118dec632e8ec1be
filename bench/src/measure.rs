//! How a comparison is measured: in short slices, one of each side of a group in every round, so
//! that a noisy machine hits all of them alike.

use std::time::{Duration, Instant};

/// One of several implementations of the same work.
pub(crate) struct Side {
    pub(crate) name: String,
    /// The divisor of one run, such as the number of handlers that it reaches.
    per: f64,
    /// The work is done so often at a time.
    step: u64,
    /// Does the work that many times and returns the nanoseconds of all of them, or a number of the
    /// group's unit for all of them. It asserts its own counts.
    run: Box<dyn FnMut(u64) -> f64>,
}

/// Sides that do the same work.
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) title: String,
    /// The subject of one number: the event whose time it is, or in a plain group the thing that it
    /// counts.
    pub(crate) unit: &'static str,
    /// Whether the numbers are something other than nanoseconds.
    pub(crate) plain: bool,
    pub(crate) sides: Vec<Side>,
    pub(crate) targets: Vec<Target>,
    /// How often a run does the work, if the clock does not decide it.
    fixed: Option<u64>,
    /// Whether a third of the rounds is enough.
    long: bool,
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
    pub(crate) fn timed(name: impl Into<String>, mut run: impl FnMut(u64) -> Duration + 'static) -> Self {
        Self::number(name, move |times| run(times).as_secs_f64() * 1e9)
    }

    /// A side whose run returns the number itself: the nanoseconds of all the times, or the number
    /// of a plain group.
    pub(crate) fn number(name: impl Into<String>, run: impl FnMut(u64) -> f64 + 'static) -> Self {
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

    /// Does the work that many times, and returns the nanoseconds of one.
    pub(crate) fn take(&mut self, times: u64) -> f64 {
        let times = times.next_multiple_of(self.step);
        (self.run)(times) / times as f64 / self.per
    }

    /// The number of times that the work fits into a slice.
    fn fit(&mut self, slice: Duration) -> u64 {
        let mut times = 1;
        loop {
            let taken = ((self.run)(times) / 1e9).max(1e-9);
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
        let (id, title) = (id.into(), title.into());
        Self { id, title, unit, plain: false, sides, targets, fixed: None, long: false }
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

    /// Runs the work this often in each of a third of the rounds: such work is long.
    pub(crate) fn fixed(mut self, times: u64) -> Self {
        (self.fixed, self.long) = (Some(times), true);
        self
    }

    /// Makes the sides decide how long a run is, and return the number for one event.
    pub(crate) fn windows(mut self) -> Self {
        self.fixed = Some(1);
        self
    }

    /// Makes the numbers count something else than nanoseconds.
    pub(crate) fn plain(mut self) -> Self {
        self.plain = true;
        self
    }

    /// How often one of its sides fits into a slice, or the fixed number of times of a run.
    pub(crate) fn times(&mut self, at: usize, slice: Duration) -> u64 {
        self.fixed.unwrap_or_else(|| self.sides[at].fit(slice))
    }

    /// Sets the most that `side` may take, as a ratio to another side.
    pub(crate) fn target(mut self, side: &str, against: &str, at_most: f64) -> Self {
        let against = Some(against.to_owned());
        self.targets.push(Target { side: side.to_owned(), against, at_most });
        self
    }

    /// Sets the most that `side` may take, in nanoseconds or in the unit of a plain group.
    pub(crate) fn limit(mut self, side: &str, at_most: f64) -> Self {
        self.targets.push(Target { side: side.to_owned(), against: None, at_most });
        self
    }

    /// Measures all sides once a round, in an order that is shuffled for each round: no side always
    /// follows the same other one.
    pub(crate) fn measure(&mut self, effort: Effort) -> Vec<Taken> {
        let times: Vec<_> = (0..self.sides.len()).map(|at| self.times(at, effort.slice)).collect();
        let taken = |side: &Side| Taken { name: side.name.clone(), rounds: Vec::new() };
        let mut taken: Vec<_> = self.sides.iter().map(taken).collect();
        let rounds = if self.long { effort.rounds.div_ceil(3) } else { effort.rounds };
        let mut order: Vec<_> = (0..self.sides.len()).collect();
        let mut random = 0x9E37_79B9_7F4A_7C15;
        for _ in 0..rounds {
            shuffle(&mut order, &mut random);
            for &at in &order {
                taken[at].rounds.push(self.sides[at].take(times[at]));
            }
        }
        taken
    }
}

/// Fisher and Yates's shuffle with Marsaglia's xorshift: the same orders at each run.
fn shuffle(order: &mut [usize], random: &mut u64) {
    for at in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(at, (*random % (at as u64 + 1)) as usize);
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
