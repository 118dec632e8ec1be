//! Damaged recordings: no panic, nothing read that is not there, and every good line between the bad ones is read.

use crate::wire::fuzz;

/// A made-up session in the form that the Python runtime writes.
const RECORDING: &str = include_str!("../../../tests/data/garden.jsonl");

/// A small generator with a fixed seed: a failure is the same failure every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    /// One or two faults, such as a disk, a cut connection or a careless writer makes.
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

#[test]
fn the_recording_itself_is_read() {
    for line in RECORDING.lines() {
        assert_eq!(fuzz::read(line), Ok(()), "{line}");
        assert_eq!(fuzz::event(line), Ok(()), "{line}");
    }
}

#[test]
fn ten_thousand_damaged_lines() {
    let good: Vec<&str> = RECORDING.lines().collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut read, mut refused) = (0, 0);
    for round in 0..10_000 {
        let (line, next) = (good[round % good.len()], good[(round + 1) % good.len()]);
        let bad = dice.damage(line);
        let alone = fuzz::lines(&bad, 4096).unwrap_or_else(|error| panic!("{error}: {}", bad.escape_ascii()));
        let both = fuzz::lines(&[&bad, &b"\n"[..], next.as_bytes()].concat(), 4096).unwrap();
        assert_eq!(both, (alone.0 + 1, alone.1), "{}", bad.escape_ascii());
        read += alone.0;
        refused += alone.1;
    }
    // The damage is neither harmless nor total, or the test would say nothing.
    assert!(read > 500 && refused > 5_000, "read {read}, refused {refused}");
}
