use super::{Anchor, PERIOD};

const SECOND: u64 = 1_000_000_000;

/// A machine whose clock and counter run as the test sets them.
struct Machine {
    /// The time of the clock.
    clock: u64,
    /// The counter, in units of 2^-32 ticks.
    parts: u128,
    /// Ticks a nanosecond, times 2^32.
    speed: u64,
    anchor: Anchor,
    /// The number of clock reads.
    asked: u64,
}

impl Machine {
    fn new(kilohertz: u64) -> Self {
        let speed = (kilohertz << 32) / 1_000_000;
        Self { clock: 1_700_000_000 * SECOND, parts: 1 << 70, speed, anchor: Anchor::NONE, asked: 0 }
    }

    fn pass(&mut self, nanoseconds: u64) {
        self.clock += nanoseconds;
        self.parts += u128::from(nanoseconds) * u128::from(self.speed);
    }

    fn ticks(&self) -> u64 {
        u64::try_from(self.parts >> 32).expect("the counter has not run that long")
    }

    /// The time, if this much passes between the reads of the counter and of the clock.
    fn now_after(&mut self, between: u64) -> u64 {
        let ticks = self.ticks();
        if let Some(at) = self.anchor.at(ticks) {
            return at;
        }
        self.pass(between);
        self.asked += 1;
        self.anchor.look(ticks, self.clock)
    }

    fn now(&mut self) -> u64 {
        self.now_after(0)
    }

    /// Reads the time in steps until the counter is used.
    #[track_caller]
    fn warm_up(&mut self) {
        for _ in 0..10 * PERIOD / 100 {
            self.pass(100);
            self.now();
        }
        assert_ne!(self.anchor.lasts, 0, "the counter is not used");
    }
}

#[track_caller]
fn assert_near(machine: &mut Machine, nanoseconds: u64) {
    let (time, clock) = (machine.now(), machine.clock);
    assert!(time.abs_diff(clock) <= nanoseconds, "{time} where the clock says {clock}");
}

#[test]
fn frequent_reads_use_the_counter_and_are_less_than_a_microsecond_wrong() {
    for kilohertz in [24_000, 1_000_000, 2_599_998, 5_300_000] {
        let mut machine = Machine::new(kilohertz);
        machine.warm_up();
        let (asked, mut last) = (machine.asked, 0);
        for step in 0..10_000_000 / 700 {
            // Clocks are adjusted by one part in two thousand at most.
            let slewed = if step % 5_000 < 2_500 { 700 } else { 701 };
            machine.pass(slewed);
            assert_near(&mut machine, 1_000);
            let time = machine.now();
            assert!(time >= last, "{time} after {last}");
            last = time;
        }
        assert!(machine.asked - asked <= 11, "asked {} times in 10 ms", machine.asked - asked);
    }
}

#[test]
fn it_never_runs_back_where_the_counter_is_a_little_fast() {
    let mut machine = Machine::new(3_000_000);
    machine.warm_up();
    let mut last = machine.now();
    for step in 0..100_000_u64 {
        machine.pass(90);
        // One part in ten thousand, alternately faster and slower.
        let wobble = u128::from(machine.speed) * 90 / 10_000;
        machine.parts = if step % 7_000 < 3_500 { machine.parts + wobble } else { machine.parts - wobble };
        let time = machine.now();
        assert!(time >= last, "{time} after {last}");
        last = time;
    }
}

#[test]
fn a_clock_that_is_put_right_is_followed_within_a_millisecond() {
    for step in [-3_600_000_000_000, -400_000, 400_000, 3_600_000_000_000] {
        let mut machine = Machine::new(2_600_000);
        machine.warm_up();
        machine.clock = machine.clock.saturating_add_signed(step);
        machine.pass(PERIOD + 1_000);
        assert_near(&mut machine, 1_000);
        for _ in 0..100 {
            machine.pass(50_000);
            assert_near(&mut machine, 1_000);
        }
        machine.warm_up();
    }
}

#[test]
fn a_machine_that_slept_is_noticed_whether_its_counter_stood_still_or_began_anew() {
    for ticks in [None, Some(0), Some(1 << 90)] {
        let mut machine = Machine::new(2_600_000);
        machine.warm_up();
        machine.clock += 3_600 * SECOND;
        machine.parts = ticks.unwrap_or(machine.parts);
        machine.pass(PERIOD + 1_000);
        assert_near(&mut machine, 1_000);
        machine.warm_up();
        assert_near(&mut machine, 1_000);
    }
}

#[test]
fn a_look_that_was_interrupted_is_not_built_upon() {
    let mut machine = Machine::new(2_600_000);
    machine.warm_up();
    for _ in 0..50 {
        machine.pass(PERIOD + 1_000);
        // Another process has the processor for five milliseconds, exactly between the two.
        let time = machine.now_after(5 * PERIOD);
        assert_eq!(time, machine.clock);
        for _ in 0..30 {
            machine.pass(100_000);
            assert_near(&mut machine, 1_000);
        }
    }
}

#[test]
fn a_counter_that_does_not_run_evenly_is_not_used() {
    let mut machine = Machine::new(2_600_000);
    for step in 0..200_000_u64 {
        machine.pass(100);
        // It pauses in every other millisecond.
        if step / 10_000 % 2 == 0 {
            machine.parts -= 100 * u128::from(machine.speed);
        }
        let time = machine.now();
        assert_eq!(time, machine.clock);
    }
}

#[test]
fn a_counter_that_stands_still_is_not_used() {
    let mut machine = Machine::new(2_600_000);
    for _ in 0..100 {
        machine.clock += PERIOD;
        assert_near(&mut machine, 0);
    }
}

#[test]
fn rare_reads_use_the_clock() {
    let mut machine = Machine::new(2_600_000);
    for _ in 0..1_000 {
        machine.pass(3 * PERIOD);
        assert_near(&mut machine, 0);
    }
    assert_eq!(machine.asked, 1_000);
}
