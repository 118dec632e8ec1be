use super::{Anchor, PERIOD};

const SECOND: u64 = 1_000_000_000;
const MILLION: u128 = 1_000_000;

/// A machine whose clock and counter run as the test sets them, each on its own.
struct Machine {
    /// The clock, in units of 10^-6 ns.
    clock: u128,
    /// By how many millionths the clock runs faster than true time: how NTP slews it.
    slew: i32,
    /// The counter of the processor core that the thread runs on, in units of 2^-32 ticks.
    parts: u128,
    /// Ticks a nanosecond, times 2^32.
    speed: u64,
    anchor: Anchor,
    /// How often the clock was asked.
    asked: u64,
}

impl Machine {
    fn new(kilohertz: u64) -> Self {
        let speed = (kilohertz << 32) / 1_000_000;
        let clock = u128::from(1_700_000_000 * SECOND) * MILLION;
        Self { clock, slew: 0, parts: 1 << 70, speed, anchor: Anchor::new(), asked: 0 }
    }

    /// True time passes: the counter runs at its speed, and the clock as it is slewed.
    fn pass(&mut self, nanoseconds: u64) {
        let faster = MILLION.checked_add_signed(self.slew.into()).expect("a clock does not run backwards");
        self.clock += u128::from(nanoseconds) * faster;
        self.parts += u128::from(nanoseconds) * u128::from(self.speed);
    }

    /// The clock is set.
    fn step(&mut self, nanoseconds: i64) {
        self.clock = self.clock.saturating_add_signed(i128::from(nanoseconds) * 1_000_000);
    }

    /// The thread goes on on a core whose counter is so much ahead.
    fn move_to(&mut self, nanoseconds: i64) {
        self.parts = self.parts.saturating_add_signed(i128::from(nanoseconds) * i128::from(self.speed));
    }

    fn clock(&self) -> u64 {
        u64::try_from(self.clock / MILLION).expect("the clock has not run that long")
    }

    fn ticks(&self) -> u64 {
        u64::try_from(self.parts >> 32).expect("the counter has not run that long")
    }

    /// The time, where so long passes between the look at the counter and the one at the clock.
    fn now_after(&mut self, between: u64) -> u64 {
        let ticks = self.ticks();
        if let Some(at) = self.anchor.at(ticks) {
            return at;
        }
        self.pass(between);
        self.asked += 1;
        self.anchor.look(ticks, self.clock())
    }

    fn now(&mut self) -> u64 {
        self.now_after(0)
    }

    /// Asks for the time every so often, until the counter is used.
    #[track_caller]
    fn warm_up(&mut self) {
        for _ in 0..10 * PERIOD / 100 {
            self.pass(100);
            self.now();
        }
        assert!(self.uses_the_counter(), "the counter is not used");
    }

    fn uses_the_counter(&mut self) -> bool {
        let asked = self.asked;
        (0..3).any(|_| {
            self.now();
            self.asked == asked
        })
    }
}

/// The last time of a thread, to check that no time is less.
#[derive(Default)]
struct Last(u64);

impl Last {
    #[track_caller]
    fn then(&mut self, now: u64) {
        assert!(now >= self.0, "{} ns back", self.0 - now);
        self.0 = now;
    }
}

#[track_caller]
fn assert_near(machine: &mut Machine, nanoseconds: u64) {
    let (now, clock) = (machine.now(), machine.clock());
    assert!(now.abs_diff(clock) <= nanoseconds, "{now} where the clock says {clock}");
}

#[test]
fn a_thread_that_asks_often_reads_the_counter_and_is_within_a_microsecond() {
    for kilohertz in [24_000, 1_000_000, 2_599_998, 5_300_000] {
        let mut machine = Machine::new(kilohertz);
        machine.warm_up();
        let (asked, mut last) = (machine.asked, Last::default());
        for _ in 0..10_000_000 / 700 {
            machine.pass(700);
            assert_near(&mut machine, 1_000);
            last.then(machine.now());
        }
        assert!(machine.asked - asked <= 11, "asked {} times in 10 ms", machine.asked - asked);
    }
}

#[test]
fn it_never_runs_back_while_the_clock_is_slewed() {
    // NTP slews by at most 500 millionths; 300 is as much as one measurement may differ from the
    // next.
    for slew in [100, 240, 300, 400, 500] {
        let (mut machine, mut last) = (Machine::new(2_600_000), Last::default());
        machine.warm_up();
        for step in 0..2_000_000_u32 {
            machine.slew = match step / 70_000 % 4 {
                0 => slew,
                2 => -slew,
                _ => 0,
            };
            machine.pass(90);
            last.then(machine.now());
            // The slew changes within a period, and is seen at its end.
            assert_near(&mut machine, 1_000);
        }
    }
}

#[test]
fn it_never_runs_back_where_looks_are_interrupted() {
    for longest in [500, 2_000, 4_000, 40_000] {
        let (mut machine, mut last) = (Machine::new(2_600_000), Last::default());
        machine.warm_up();
        for step in 0..200_000_u64 {
            machine.pass(90);
            last.then(machine.now_after(step * 7_919 % longest));
        }
    }
}

#[test]
fn it_never_runs_back_where_the_counters_of_two_cores_are_apart() {
    for apart in [1_000, 50_000, 500_000, 1_500_000] {
        let (mut machine, mut last) = (Machine::new(2_600_000), Last::default());
        machine.warm_up();
        for step in 0..1_000_000_u32 {
            // A visit of 18 µs to the other core, seldom enough for the counter to be used in
            // between.
            match step % 70_001 {
                100 => machine.move_to(apart),
                300 => machine.move_to(-apart),
                _ => {}
            }
            machine.pass(90);
            last.then(machine.now());
        }
    }
}

#[test]
fn it_never_runs_back_where_the_counter_wobbles() {
    let (mut machine, mut last) = (Machine::new(3_000_000), Last::default());
    machine.warm_up();
    for step in 0..100_000_u64 {
        machine.pass(90);
        // One part in ten thousand, now faster and now slower.
        let wobble = u128::from(machine.speed) * 90 / 10_000;
        machine.parts = if step % 7_000 < 3_500 { machine.parts + wobble } else { machine.parts - wobble };
        last.then(machine.now());
    }
}

#[test]
fn a_clock_that_is_put_right_is_followed_within_a_millisecond() {
    for step in [-3_600_000_000_000, -400_000, 400_000, 3_600_000_000_000] {
        let mut machine = Machine::new(2_600_000);
        machine.warm_up();
        machine.step(step);
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
        machine.step(3_600_000_000_000);
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
        // Another process has the processor for five milliseconds, just between the two.
        let now = machine.now_after(5 * PERIOD);
        assert_eq!(now, machine.clock());
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
        // It rests in every other millisecond.
        if step / 10_000 % 2 == 0 {
            machine.parts -= 100 * u128::from(machine.speed);
        }
        let now = machine.now();
        assert_eq!(now, machine.clock());
    }
}

#[test]
fn a_counter_that_stands_still_is_not_used() {
    let mut machine = Machine::new(2_600_000);
    for _ in 0..100 {
        machine.step(1_000_000);
        assert_near(&mut machine, 0);
    }
}

#[test]
fn a_thread_that_asks_seldom_gets_the_clock() {
    let mut machine = Machine::new(2_600_000);
    for _ in 0..1_000 {
        machine.pass(3 * PERIOD);
        assert_near(&mut machine, 0);
    }
    assert_eq!(machine.asked, 1_000);
}

#[test]
fn two_looks_a_quarter_of_a_microsecond_apart_are_near_enough() {
    let mut machine = Machine::new(1_000_000);
    assert_eq!(machine.anchor.slack(), u64::MAX, "the counter is not used yet");
    machine.warm_up();
    assert!((200..300).contains(&machine.anchor.slack()), "{} ticks", machine.anchor.slack());
}
