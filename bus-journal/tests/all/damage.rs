//! Damaged files: each event is read back right, or a gap or an error stands for it. Nothing
//! panics.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use bus_core::store::Store;
use bus_core::{AnyEvent, EventId};
use bus_journal::{Gap, Item, Journal, Query};
use serde_json::json;

use crate::support::{Place, answer, bus, events, lines, record, run_of, steps, write};

/// How many cases of each kind; `BUS_DAMAGE_CASES=1000000` tries every bit of a small journal.
fn cases() -> usize {
    std::env::var("BUS_DAMAGE_CASES").map_or(80, |text| text.parse().unwrap())
}

/// A journal of two runs with its files, and what was recorded.
struct Original {
    place: Place,
    events: Vec<AnyEvent>,
    /// The place of each run.
    runs: HashMap<u64, usize>,
}

const ENDS: [&str; 3] = ["", "-wal", "-mark"];

impl Original {
    /// With everything in the database, or with the second run in the write-ahead log.
    fn new(in_log: bool) -> Self {
        let live = Place::new();
        let (first, second) = (bus(), bus());
        steps(&first, 0..12);
        for n in 0..20_u64 {
            let desk = second.stream("desk").execution(format!("exec-{}", n % 3));
            desk.emit_dynamic("note", json!({ "text": format!("{n} ").repeat(60) })).send();
            desk.emit_dynamic("left_out", json!({})).send();
        }
        let kept: Vec<_> = events(&second).into_iter().filter(|event| event.kind() == "note").collect();
        let mut journal = live.open();
        record(&journal, &first);
        journal.end().unwrap();
        drop(journal);
        journal = live.open();
        journal.begin(run_of(&second)).unwrap();
        write(&journal, &kept);
        let place = Place::new();
        if in_log {
            copy(&live, &place);
        }
        journal.end().unwrap();
        drop(journal);
        if !in_log {
            copy(&live, &place);
        }
        let runs = [run_of(&first), run_of(&second)].into_iter().enumerate().map(|(at, run)| (run, at));
        let runs = runs.collect();
        Self { place, events: events(&first).into_iter().chain(kept).collect(), runs }
    }

    /// Where a cursor stands; a run that nobody knows stands for all of them.
    fn order(&self, cursor: EventId) -> Option<(usize, u64)> {
        Some((*self.runs.get(&cursor.run())?, cursor.seq()))
    }

    fn is_covered(&self, event: &AnyEvent, gaps: &[Gap]) -> bool {
        let at = self.order(event.cursor());
        gaps.iter().any(|gap| match (self.order(gap.from), self.order(gap.to)) {
            (Some(from), Some(to)) => Some(from) <= at && at <= Some(to),
            _ => true,
        })
    }

    /// Checks one answer: only events of the original in their order, and each of them that is
    /// asked for is there or in a gap, unless the answer ended with an error.
    fn check(&self, query: Query, fits: fn(&AnyEvent) -> bool, is_complete: bool, case: &str) {
        let mut expected = self.events.iter().filter(|event| fits(event));
        let (mut missing, mut gaps) = (Vec::new(), Vec::new());
        for item in query.oldest_first().limit(9).items() {
            match item {
                Ok(Item::Event(event)) => loop {
                    let next = expected.next();
                    let next = next.unwrap_or_else(|| panic!("{case}: nobody wrote {}", event.json()));
                    if next.to_json() == event.json() {
                        assert_eq!(next.cursor(), event.cursor(), "{case}");
                        break;
                    }
                    missing.push(next);
                },
                Ok(Item::Gap(gap)) => gaps.push(gap),
                Err(_) => return,
            }
        }
        missing.extend(expected);
        for event in missing.into_iter().filter(|_| is_complete) {
            assert!(self.is_covered(event, &gaps), "{case}: {} is lost in silence: {gaps:?}", event.cursor());
        }
    }

    /// Opens a damaged copy for reading and for writing, and checks all answers.
    fn check_copy(&self, damage: impl Fn(&Path), case: &str) {
        for writes in [false, true] {
            let place = Place::new();
            copy(&self.place, &place);
            damage(place.path().parent().unwrap());
            let journal = writes.then(|| Journal::open(place.path()));
            let reader = match &journal {
                Some(Ok(journal)) => (**journal).clone(),
                Some(Err(_)) => continue,
                None => match Journal::read(place.path()) {
                    Ok(reader) => reader,
                    Err(_) => continue,
                },
            };
            self.check(reader.query(), |_| true, true, case);
            // An index may have lost an event, but never has a wrong one.
            self.check(reader.query().kinds(["note"]), |event| event.kind() == "note", false, case);
            let of_one = reader.query().execution("exec-1");
            self.check(of_one, |event| event.execution() == Some("exec-1"), false, case);
        }
    }
}

fn copy(from: &Place, to: &Place) {
    for end in ENDS {
        if from.beside(end).exists() {
            fs::copy(from.beside(end), to.beside(end)).unwrap();
        }
    }
}

/// Numbers that are spread over the range, the same in each run.
fn spread(range: usize, count: usize) -> Vec<usize> {
    if count >= range {
        return (0..range).collect();
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(state >> 33).unwrap() % range
    };
    (0..count).map(|_| next()).collect()
}

fn change(path: PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn length(original: &Original, end: &str) -> usize {
    usize::try_from(fs::metadata(original.place.beside(end)).unwrap().len()).unwrap()
}

/// Flips bits, half of them where a page has its header and the places of its rows.
fn flip(original: &Original, end: &str, cases: usize) {
    let bytes = length(original, end);
    let heads = spread(bytes.div_ceil(8192) * 48 * 8, cases / 2).into_iter();
    let heads = heads.map(|bit| bit / (48 * 8) * 8192 * 8 + bit % (48 * 8));
    for bit in heads.chain(spread(bytes * 8, cases.div_ceil(2))).filter(|bit| *bit < bytes * 8) {
        let damage = |folder: &Path| {
            change(folder.join(format!("run.db{end}")), |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        };
        original.check_copy(damage, &format!("bit {bit} of run.db{end}"));
    }
}

fn cut(original: &Original, end: &str, step: usize) {
    for length in (0..length(original, end)).step_by(step) {
        let damage =
            |folder: &Path| change(folder.join(format!("run.db{end}")), |bytes| bytes.truncate(length));
        original.check_copy(damage, &format!("run.db{end} cut at {length}"));
    }
}

#[test]
fn an_undamaged_journal_passes_the_checks() {
    for in_log in [false, true] {
        let original = Original::new(in_log);
        original.check_copy(|_| {}, "nothing");
        assert_eq!(original.place.beside("-wal").exists(), in_log);
        let reader = Journal::read(original.place.path()).unwrap();
        let found = answer(reader.query().oldest_first());
        // The run that was copied while it went on has no end.
        assert_eq!(found[..original.events.len()], lines(&original.events));
        assert_eq!(found.len() - original.events.len(), usize::from(in_log), "{found:?}");
    }
}

#[test]
fn flipped_bits_of_the_database_are_noticed() {
    flip(&Original::new(false), "", cases());
}

#[test]
fn flipped_bits_of_the_log_are_noticed() {
    flip(&Original::new(true), "-wal", cases());
}

#[test]
fn a_damaged_mark_harms_no_event() {
    let original = Original::new(true);
    flip(&original, "-mark", cases() / 4);
    cut(&original, "-mark", 100);
}

#[test]
fn a_cut_database_or_log_is_noticed() {
    cut(&Original::new(false), "", 8192);
    let original = Original::new(true);
    cut(&original, "-wal", 8192 + 24);
    cut(&original, "-wal", 12_345);
}
