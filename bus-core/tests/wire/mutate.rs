//! Damaged recordings: no panic, no invented data, and every good line between the bad ones is
//! read.

use bus_core::EventBus;
use serde_json::Value;

use crate::common::audited;
use crate::recording::{GARDEN, session};

/// A small generator with a fixed seed: a failure is the same failure every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    /// One or two faults, such as a disk, a broken connection or a careless writer makes.
    fn damage(&mut self, line: &str) -> Vec<u8> {
        const PIECES: [&[u8]; 16] = [
            b"\"",
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b":",
            b"\\",
            b"\\ud800",
            b"\0",
            b"\xFF",
            b"NaN",
            b"null",
            b"\"type\":1,",
            b"\n",
            b"1e999",
        ];
        let mut bytes = line.as_bytes().to_vec();
        for _ in 0..=self.roll(2) {
            let (a, b) = (self.roll(bytes.len() + 1), self.roll(bytes.len() + 1));
            let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 40));
            match self.roll(9) {
                0 => bytes.truncate(from),
                1 => drop(bytes.drain(from..to)),
                2 => drop(bytes.splice(from..from, PIECES[self.roll(PIECES.len())].iter().copied())),
                3 => drop(bytes.splice(from..to, PIECES[self.roll(PIECES.len())].iter().copied())),
                4 => {
                    let copy = bytes[from..to].to_vec();
                    drop(bytes.splice(to..to, copy));
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(from) {
                        *byte ^= 1 << self.roll(8);
                    }
                }
            }
        }
        bytes
    }
}

/// An event read from damaged bytes is JSON with the same `data`, and is written as an equal event.
fn look(bus: &EventBus, bad: &[u8]) -> (u32, u32) {
    let (mut read, mut refused) = (0, 0);
    for event in bus.reader().max_bytes(4096).lines(bad) {
        let Ok(event) = event else {
            refused += 1;
            continue;
        };
        read += 1;
        let written = event.to_json();
        let again = bus.read_json(&written).map_err(|error| format!("{error}: {written}")).unwrap();
        assert_eq!(again.to_json(), written);
        assert_eq!((again.kind(), again.scope(), again.data()), (event.kind(), event.scope(), event.data()));
        assert_eq!((again.timestamp(), again.decode_error()), (event.timestamp(), event.decode_error()));
        // A number outside of `f64` is valid JSON, but not a `Value`.
        if let Ok(value) = serde_json::from_slice::<Value>(bad.trim_ascii()) {
            let data = event.raw_data().map(|data| serde_json::from_str::<Value>(data).unwrap());
            assert_eq!(data.as_ref(), value.get("data").or(Some(&Value::Object(serde_json::Map::new()))));
        }
    }
    (read, refused)
}

/// Damages lines of a recording, each followed by a good one, which must be read whatever came
/// before it.
fn ten_thousand(recording: &str) {
    let bus = audited(EventBus::new());
    let good: Vec<&str> = recording.lines().collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut read, mut refused) = (0, 0);
    for round in 0..10_000 {
        let (line, next) = (good[round % good.len()], good[(round + 1) % good.len()]);
        let bad = dice.damage(line);
        let (alone, reported) = look(&bus, &bad);
        let both: Vec<_> = bus.reader().lines(&[&bad, &b"\n"[..], next.as_bytes()].concat()[..]).collect();
        let last = both.last().unwrap().as_ref().unwrap();
        assert_eq!(last.to_json(), bus.read_json(next).unwrap().to_json());
        assert_eq!(both.len(), usize::try_from(alone + reported).unwrap() + 1, "{}", bad.escape_ascii());
        read += alone;
        refused += reported;
    }
    // The damage is neither harmless nor total, or the test would prove nothing.
    assert!(read > 500 && refused > 5_000, "read {read}, refused {refused}");
}

#[test]
fn ten_thousand_damaged_lines() {
    ten_thousand(GARDEN);
}

#[test]
fn ten_thousand_damaged_lines_of_the_recorded_session() {
    if let Some(session) = session() {
        ten_thousand(&session);
    }
}
