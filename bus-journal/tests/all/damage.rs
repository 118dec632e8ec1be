//! Damaged files: each event is read back right, or a gap or an error stands for it. Nothing
//! panics.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use bus_core::store::{Archive, Entry, Store};
use bus_core::{AnyEvent, EventId};
use bus_journal::{Gap, Item, Journal, Query, Reader};
use serde_json::json;

use crate::support::{Place, answer, bus, events, lines, record, run_of, steps, write};

/// How many bits of a file are flipped; `BUS_DAMAGE_CASES=10000000` tries each bit of all files.
fn cases() -> usize {
    std::env::var("BUS_DAMAGE_CASES").map_or(40, |text| text.parse().unwrap())
}

/// The page sizes of SQLite that journals are made with. Small pages leave few bytes unused, and
/// spread a small journal over all kinds of pages.
const PAGES: [usize; 2] = [512, 8192];

/// A journal of two runs with its files, and what was recorded.
struct Original {
    place: Place,
    page: usize,
    events: Vec<AnyEvent>,
    /// Recorded once the journal was damaged.
    later: Vec<AnyEvent>,
    /// The order of the runs, that of `later` too.
    runs: HashMap<u64, usize>,
    /// The positions of a consumer, the later one of the second run.
    positions: [EventId; 2],
    /// The event that it could not handle.
    parked: EventId,
}

/// The consumer with a position and a parked event.
const CONSUMER: &str = "warehouse";
const REASON: &str = "no such article";

impl Original {
    /// With everything in the database, or with the second run in the write-ahead log.
    fn new(page: usize, in_log: bool) -> Self {
        let live = Place::in_memory();
        let raw = rusqlite::Connection::open(live.path()).unwrap();
        raw.execute_batch(&format!("PRAGMA page_size = {page}; PRAGMA auto_vacuum = INCREMENTAL")).unwrap();
        drop(raw);
        let buses = [bus(), bus(), bus()];
        let [first, second, third] = &buses;
        steps(first, 0..12);
        for n in 0..20_u64 {
            let desk = second.stream("desk").execution(format!("exec-{}", n % 3));
            desk.emit_dynamic("note", json!({ "text": format!("{n} ").repeat(60) })).send();
            desk.emit_dynamic("left_out", json!({})).send();
        }
        steps(third, 0..3);
        let kept: Vec<_> = events(second).into_iter().filter(|event| event.kind() == "note").collect();
        let mut journal = live.open();
        record(&journal, first);
        let [early, late, parked] = [3, 7, 5].map(|n| events(first)[n].cursor());
        journal.set_position(CONSUMER, early).unwrap();
        journal.set_position("another", parked).unwrap();
        journal.park(CONSUMER, parked, REASON).unwrap();
        journal.end().unwrap();
        drop(journal);
        journal = live.open();
        journal.set_position(CONSUMER, late).unwrap();
        journal.begin(run_of(second)).unwrap();
        write(&journal, &kept);
        let place = Place::in_memory();
        if in_log {
            live.copy_to(&place);
        }
        journal.end().unwrap();
        drop(journal);
        if !in_log {
            live.copy_to(&place);
        }
        let runs = buses.iter().enumerate().map(|(at, bus)| (run_of(bus), at)).collect();
        let events = events(first).into_iter().chain(kept).collect();
        let later = crate::support::events(third);
        Self { place, page, events, later, runs, positions: [early, late], parked }
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

    /// Checks one answer, oldest first: only events of those that were written, in their order, and
    /// each that is asked for is there or in a gap, unless the answer ended with an error.
    fn check(&self, query: Query, written: &[&AnyEvent], is_complete: bool, case: &str) {
        let mut expected = written.iter();
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

    /// Checks the answers to several queries.
    fn check_all(&self, reader: &Reader, written: &[&AnyEvent], case: &str) {
        self.check(reader.query(), written, true, case);
        // An index may have lost an event, but never has a wrong one.
        let fitting = |fits: fn(&AnyEvent) -> bool| -> Vec<_> {
            written.iter().filter(|event| fits(event)).copied().collect()
        };
        let notes = fitting(|event| event.kind() == "note");
        self.check(reader.query().kinds(["note"]), &notes, false, case);
        let of_one = fitting(|event| event.execution() == Some("exec-1"));
        self.check(reader.query().execution("exec-1"), &of_one, false, case);
        for item in reader.query().limit(9).items() {
            let Ok(Item::Event(event)) = item else { continue };
            let is_written = written.iter().any(|one| one.to_json() == event.json());
            assert!(is_written, "{case}: nobody wrote {}", event.json());
        }
        for one in written {
            if let Ok(Some(found)) = reader.find(&one.id().to_string()) {
                assert_eq!(found.json(), one.to_json(), "{case}: another event has its id");
            }
        }
        // They may fail, but do not panic.
        drop((reader.executions(), reader.check()));
    }

    /// Checks the rows of a consumer. Where the log is damaged, an older position may stand in the
    /// database, from which events come again.
    fn check_consumer(&self, journal: &Journal, case: &str) {
        if let Ok(position) = journal.position(CONSUMER) {
            let is_right = position.is_some_and(|position| self.positions.contains(&position));
            assert!(is_right, "{case}: {position:?} in place of one of {:?}", self.positions);
        }
        if let Ok(parked) = journal.parked(CONSUMER) {
            let [parked] = &*parked else { panic!("{case}: {} events are parked", parked.len()) };
            assert_eq!((parked.cursor, &*parked.reason), (self.parked, REASON), "{case}");
        }
    }

    /// Opens a damaged copy for reading and for writing, and checks all answers, also when another
    /// run has been recorded.
    fn check_copy(&self, damage: impl Fn(&Path), case: &str) {
        let mut written: Vec<_> = self.events.iter().collect();
        let place = Place::in_memory();
        self.place.copy_to(&place);
        damage(place.path().parent().unwrap());
        if let Ok(reader) = Journal::read(place.path()) {
            self.check_all(&reader, &written, case);
        }
        // An empty file is a new journal, in which nobody has a position.
        let is_new = fs::metadata(place.path()).unwrap().len() == 0;
        let Ok(journal) = Journal::open(place.path()) else { return };
        self.check_all(&journal, &written, case);
        if !is_new {
            self.check_consumer(&journal, case);
        }
        let entries: Vec<_> = self.later.iter().cloned().map(Entry::Event).collect();
        let recorded = journal.begin(self.later[0].cursor().run()).and_then(|()| journal.write(&entries));
        if recorded.is_ok() {
            written.extend(&self.later);
            self.check_all(&journal, &written, &format!("{case}, and a run later"));
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
    let (bytes, page) = (length(original, end), original.page);
    let heads = spread(bytes.div_ceil(page) * 48 * 8, cases / 2).into_iter();
    let heads = heads.map(|bit| bit / (48 * 8) * page * 8 + bit % (48 * 8));
    let heads = heads.filter(|_| cases < bytes * 8);
    for bit in heads.chain(spread(bytes * 8, cases.div_ceil(2))).filter(|bit| *bit < bytes * 8) {
        let damage = |folder: &Path| {
            change(folder.join(format!("run.db{end}")), |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        };
        original.check_copy(damage, &format!("bit {bit} of run.db{end} with pages of {page}"));
    }
}

fn cut(original: &Original, end: &str, step: usize) {
    for length in (0..length(original, end)).step_by(step) {
        let damage =
            |folder: &Path| change(folder.join(format!("run.db{end}")), |bytes| bytes.truncate(length));
        original.check_copy(damage, &format!("run.db{end} cut at {length} with pages of {}", original.page));
    }
}

#[test]
fn an_undamaged_journal_passes_the_checks() {
    for (page, in_log) in PAGES.map(|page| [(page, false), (page, true)]).into_iter().flatten() {
        let original = Original::new(page, in_log);
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
    for page in PAGES {
        flip(&Original::new(page, false), "", cases());
        flip(&Original::new(page, true), "", cases());
    }
}

#[test]
fn flipped_bits_of_the_log_are_noticed() {
    for page in PAGES {
        flip(&Original::new(page, true), "-wal", cases());
    }
}

/// Each page of the two tables and of their indexes.
#[test]
fn flipped_bits_of_positions_and_parked_events_are_noticed() {
    let original = Original::new(512, false);
    let raw = rusqlite::Connection::open(original.place.path()).unwrap();
    let select = "SELECT rootpage FROM sqlite_schema WHERE tbl_name IN ('positions', 'parked')";
    let mut statement = raw.prepare(select).unwrap();
    let pages: Vec<u32> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(statement);
    drop(raw);
    assert_eq!(pages.len(), 4);
    let mut noticed = 0;
    for (page, bit) in
        pages.iter().flat_map(|page| spread(512 * 8, 10 * cases()).into_iter().map(move |bit| (page, bit)))
    {
        let (case, place) = (format!("bit {bit} of page {page}"), Place::in_memory());
        original.place.copy_to(&place);
        change(place.path(), |bytes| bytes[(*page as usize - 1) * 512 + bit / 8] ^= 1 << (bit % 8));
        let Ok(journal) = Journal::open(place.path()) else { continue };
        let found = (journal.position(CONSUMER), journal.parked(CONSUMER));
        noticed += usize::from(found.0.is_err() || found.1.is_err());
        if let Ok(position) = found.0 {
            assert_eq!(position, Some(original.positions[1]), "{case}");
        }
        if let Ok(parked) = found.1 {
            let parked: Vec<_> = parked.iter().map(|parked| (parked.cursor, &*parked.reason)).collect();
            assert_eq!(parked, [(original.parked, REASON)], "{case}");
        }
        let is_damaged = journal.position(CONSUMER).is_err() && journal.parked(CONSUMER).is_err();
        assert!(!is_damaged || !journal.check().is_ok_and(|report| report.is_clean()), "{case}");
    }
    assert!(noticed > 20, "only {noticed} were noticed");
}

#[test]
fn a_damaged_mark_harms_no_event() {
    for in_log in [false, true] {
        let original = Original::new(512, in_log);
        flip(&original, "-mark", cases());
        cut(&original, "-mark", 100);
    }
}

#[test]
fn a_cut_database_or_log_is_noticed() {
    for page in PAGES {
        for in_log in [false, true] {
            cut(&Original::new(page, in_log), "", page);
        }
        let original = Original::new(page, true);
        cut(&original, "-wal", page + 24);
        cut(&original, "-wal", page * 3 / 2 + 57);
    }
}
