//! From the journal to the history to live events, in many interleavings: small histories, commits
//! that a hook holds, kinds that are left out, and a restart in between. Each event comes once and
//! in order; only one that the journal leaves out may lie in a gap.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bus_core::store::{Archive, Entry, Store, StoreError};
use bus_core::{AgentEvent, EventBus, EventId, EventsAndGaps, Since};
use bus_journal::{Durability, Journal};

use crate::support::{Place, block_on};

#[derive(AgentEvent)]
enum HandoverEvents {
    Kept {
        n: u64,
    },
    /// The journal leaves it out by its name.
    LeftOut {
        n: u64,
    },
    /// The journal leaves it out, because it is transient.
    #[event(transient)]
    Fleeting {
        n: u64,
    },
}

/// A journal whose commits wait until they are let through, one by one or all.
struct Held {
    journal: Journal,
    permits: Mutex<Option<usize>>,
    changed: Condvar,
}

impl Held {
    fn let_through(&self, commits: Option<usize>) {
        let mut permits = self.permits.lock().unwrap();
        *permits = permits.zip(commits).map(|(known, more)| known + more);
        drop(permits);
        self.changed.notify_all();
    }
}

impl Store for Held {
    fn keeps(&self, kind: &str, declared: Option<&'static bus_core::catalogue::Descriptor>) -> bool {
        self.journal.keeps(kind, declared)
    }

    fn begin(&self, run: u64) -> Result<(), StoreError> {
        self.journal.begin(run)
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        let waits = self.permits.lock().unwrap();
        let mut permits = self.changed.wait_while(waits, |permits| *permits == Some(0)).unwrap();
        *permits = permits.map(|permits| permits - 1);
        drop(permits);
        self.journal.write(batch)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        self.journal.archive()
    }

    fn end(&self) -> Result<(), StoreError> {
        self.journal.end()
    }
}

/// Numbers that look random, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A reader, and what it saw.
struct Reader {
    stream: EventsAndGaps,
    /// The order of runs, and the last position that was seen or reported, in that order.
    last: (usize, u64),
    /// The ranges that were reported as missing.
    gaps: Vec<((usize, u64), (usize, u64))>,
    seen: Vec<(usize, u64)>,
}

impl Reader {
    fn note(&mut self, seed: u64, runs: &[u64], item: Result<bus_core::AnyEvent, bus_core::Lagged>) {
        let place = |id: EventId| (runs.iter().position(|run| *run == id.run()).unwrap(), id.seq());
        match item {
            Ok(event) => {
                let at = place(event.cursor());
                assert!(at > self.last, "seed {seed}: {at:?} came behind {:?}", self.last);
                self.last = at;
                self.seen.push(at);
            }
            Err(gap) => self.gaps.push((place(gap.from), place(gap.to))),
        }
    }

    /// Each event was seen, or lies in a gap if the journal leaves it out.
    fn check<'a>(
        &self,
        seed: u64,
        events: impl Iterator<Item = (&'a (usize, u64), &'a bool)>,
    ) -> (usize, usize) {
        let (mut found, mut in_gaps) = (0, 0);
        for (at, is_kept) in events {
            if self.seen.binary_search(at).is_ok() {
                found += 1;
                continue;
            }
            // The journal has each event that it keeps: a gap is no excuse.
            let is_reported = self.gaps.iter().any(|(from, to)| (*from..=*to).contains(at));
            assert!(is_reported && !is_kept, "seed {seed}: {at:?} is lost: {:?}", self.gaps);
            in_gaps += 1;
        }
        (found, in_gaps)
    }
}

/// One bus over the journal: what was published, and who reads.
struct Round {
    held: Arc<Held>,
    bus: EventBus,
    readers: Vec<Reader>,
    /// How many events were published.
    n: u64,
}

/// The events of all rounds, by run and position, and whether the journal keeps each.
type Events = BTreeMap<(usize, u64), bool>;

impl Round {
    fn begin(place: &Place, chance: &mut Chance) -> Self {
        let journal = Journal::builder(place.path()).without(["left_out"]).without_transient();
        let journal = journal.durability(Durability::Normal).open().unwrap();
        let held = Arc::new(Held { journal, permits: Mutex::new(Some(0)), changed: Condvar::new() });
        let [history, transient] = [6, 3].map(|most| 1 + usize::try_from(chance.below(most)).unwrap());
        let builder = EventBus::builder().store(Arc::clone(&held)).history(history);
        let bus = builder.transient_history(transient).build().unwrap();
        Self { held, bus, readers: Vec::new(), n: 0 }
    }

    /// Publishes an event of some kind. Returns its id, and whether the journal keeps it.
    fn publish(&mut self, kind: u64) -> (EventId, bool) {
        self.n += 1;
        let desk = self.bus.stream("desk");
        let sent = match kind {
            0..3 => desk.emit_kept(self.n).send(),
            3 => desk.emit_left_out(self.n).send(),
            _ => desk.emit_fleeting(self.n).send(),
        };
        (sent.receipt().id().unwrap(), kind < 3)
    }

    fn subscribe(&mut self, since: Since) {
        let all = self.bus.subscribe_any().accept_redacted().capacity(1_000).since(since);
        let stream = all.into_stream().with_gaps();
        self.readers.push(Reader { stream, last: (0, 0), gaps: Vec::new(), seen: Vec::new() });
    }

    /// Lets all commits through, and everybody read to the end.
    async fn end(&mut self, seed: u64, runs: &[u64]) {
        self.held.let_through(None);
        let report = self.bus.close(Duration::from_mins(2)).await;
        assert_eq!(report.not_recorded, 0, "seed {seed}: {report}");
        for reader in &mut self.readers {
            while let Some(item) = reader.stream.recv().await {
                reader.note(seed, runs, item);
            }
        }
    }
}

/// One interleaving. Returns how many events were seen, and how many lay in a gap.
async fn interleave(seed: u64) -> (usize, usize) {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let place = Place::new();
    let (mut all, mut runs) = (Events::new(), Vec::new());
    let (mut total, mut missing) = (0, 0);
    let (mut begin, mut first) = (Since::Beginning, (0, 0));
    for number in 0..2 {
        let mut round = Round::begin(&place, &mut chance);
        let (id, is_kept) = round.publish(0);
        runs.push(id.run());
        all.insert((number, id.seq()), is_kept);
        for _ in 0..40 {
            match chance.below(8) {
                0..4 => {
                    let (id, is_kept) = round.publish(chance.below(5));
                    all.insert((number, id.seq()), is_kept);
                }
                4 => round.held.let_through(Some(1)),
                5 if round.readers.len() < 2 => round.subscribe(begin),
                6 => std::thread::yield_now(),
                _ => {
                    for reader in &mut round.readers {
                        if let Some(item) = reader.stream.try_recv() {
                            reader.note(seed, &runs, item);
                        }
                    }
                }
            }
        }
        round.end(seed, &runs).await;
        for reader in &round.readers {
            let (found, in_gaps) = reader.check(seed, all.range(first..));
            (total, missing) = (total + found, missing + in_gaps);
        }
        // The next round begins somewhere in the middle of this one.
        let seq = chance.below(round.n + 1);
        (begin, first) = (Since::After(EventId::new(runs[number], seq)), (number, seq + 1));
    }
    (total, missing)
}

/// More with `BUS_HANDOVERS=10000`.
#[test]
fn nothing_is_lost_between_the_journal_the_history_and_live_events() {
    let most = std::env::var("BUS_HANDOVERS").ok().and_then(|most| most.parse().ok()).unwrap_or(60);
    block_on(async move {
        let (mut total, mut missing) = (0, 0);
        for seed in 1..=most {
            let (seen, gaps) = interleave(seed).await;
            (total, missing) = (total + seen, missing + gaps);
        }
        println!("{most} interleavings: {total} events seen, {missing} in gaps");
        assert!(total > missing, "most events are kept");
    });
}
