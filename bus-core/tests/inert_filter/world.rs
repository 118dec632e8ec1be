//! The world of the programs: events of many kinds, and handlers with every permitted action.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;

use bus_core::Subscription;
use bus_core::{AgentEvent, AnyEvent, BoxError, Emit, EventBus, EventId, Payload, Receipt, Stats};

use crate::common::{Notes, ON_PURPOSE, check_accounts, poll_once};

/// A field whose drop is recorded, and which then panics or calls the bus, depending on its number.
#[derive(Clone, Debug)]
pub(crate) struct Trap(#[expect(dead_code, reason = "it is there to be dropped")] Option<Arc<Falls>>);

#[derive(Debug)]
struct Falls(Weak<World>, u64);

impl Drop for Falls {
    fn drop(&mut self) {
        let Some(world) = self.0.upgrade() else { return };
        world.notes.add(format!("{} is dropped", self.1));
        match self.1 % 16 {
            3 => panic!("drop {ON_PURPOSE}"),
            5 => world.notes.add(shown(&world.bus.stats())),
            _ => {}
        }
    }
}

impl serde::Serialize for Trap {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> serde::Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <()>::deserialize(deserializer).map(|()| Self(None))
    }
}

/// Enough kinds to nest too deep.
#[derive(AgentEvent)]
pub(crate) enum Ways {
    K0 {
        n: u64,
        trap: Trap,
    },
    #[event(transient)]
    K1 {
        n: u64,
        trap: Trap,
    },
    #[event(critical)]
    K2 {
        n: u64,
        trap: Trap,
    },
    #[event(coalesce)]
    K3 {
        n: u64,
        trap: Trap,
    },
    K4 {
        n: u64,
        trap: Trap,
    },
    K5 {
        n: u64,
        trap: Trap,
    },
    #[event(ends_with(K7))]
    K6 {
        n: u64,
        trap: Trap,
    },
    K7 {
        n: u64,
        trap: Trap,
    },
    K8 {
        n: u64,
        trap: Trap,
    },
    K9 {
        n: u64,
        trap: Trap,
    },
}

pub(crate) const KINDS: u64 = 10;

/// One run of a program.
pub(crate) struct World {
    pub(crate) bus: EventBus,
    /// A second bus whose handler publishes on the first.
    pub(crate) beside: EventBus,
    pub(crate) notes: Notes,
    pub(crate) guards: Mutex<Vec<Subscription>>,
    pub(crate) count: Mutex<u64>,
    pub(crate) closed: AtomicBool,
}

/// The part of an id that is the same in every run.
fn seq_of(id: Option<EventId>) -> Option<u64> {
    id.map(EventId::seq)
}

pub(crate) fn shown_receipt(receipt: &Receipt) -> String {
    let places = (seq_of(receipt.id()), receipt.seq(), receipt.refused());
    let counts = (receipt.reached(), receipt.handled(), receipt.queued(), receipt.deferred());
    format!("{places:?} {counts:?} {:?}", receipt.problems())
}

pub(crate) fn shown(stats: &Stats) -> String {
    check_accounts(stats);
    let mut shown = serde_json::to_value(stats).unwrap();
    let subscriptions = shown["subscriptions"].as_array_mut().unwrap();
    subscriptions.retain(|subscription| subscription["name"] != "rejects all");
    shown.to_string()
}

impl World {
    pub(crate) fn publish(self: &Arc<Self>, kind: u64, n: u64, awaited: bool) {
        let (desk, trap) = (self.bus.stream("desk"), Trap(Some(Arc::new(Falls(Arc::downgrade(self), n)))));
        match kind % KINDS {
            0 => self.emit(desk.emit_k0(n, trap), awaited),
            1 => self.emit(desk.emit_k1(n, trap), awaited),
            2 => self.emit(desk.emit_k2(n, trap), awaited),
            3 => self.emit(desk.emit_k3(n, trap), awaited),
            4 => self.emit(desk.emit_k4(n, trap), awaited),
            5 => self.emit(desk.emit_k5(n, trap), awaited),
            6 => self.emit(desk.emit_k6(n, trap), awaited),
            7 => self.emit(desk.emit_k7(n, trap), awaited),
            8 => self.emit(desk.emit_k8(n, trap), awaited),
            _ => self.emit(desk.emit_k9(n, trap), awaited),
        }
    }

    fn emit<P: Payload>(&self, emit: Emit<P>, awaited: bool) {
        let receipt = if awaited {
            match poll_once(emit) {
                Poll::Ready(receipt) => shown_receipt(&receipt),
                Poll::Pending => "waits".to_owned(),
            }
        } else {
            shown_receipt(emit.send().receipt())
        };
        self.notes.add(receipt);
    }

    /// The body of a handler: it records its event, and then acts depending on its kind and on the
    /// event.
    fn action(self: &Arc<Self>, name: u64, sort: u64, event: &AnyEvent) -> Result<(), BoxError> {
        let n = serde_json::from_str::<serde_json::Value>(&event.to_json()).unwrap()["data"]["n"]
            .as_u64()
            .unwrap();
        let (seq, id, cause) = (event.seq(), seq_of(Some(event.id())), seq_of(event.causation()));
        let through = event.subscription();
        self.notes.add(format!("{name} has {} {n}: {seq} {id:?} {cause:?} {through:?}", event.kind()));
        let kind = event.kind()[1..].parse::<u64>().unwrap();
        let next = || {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            (*count < 400).then_some(*count)
        };
        match (sort, n % 3) {
            (1, 0) => return Err(format!("{n}").into()),
            (1 | 2, 1) => panic!("{name} {ON_PURPOSE}"),
            (3 | 4, _) => next().into_iter().for_each(|n| self.publish(kind + 1, n, sort == 4)),
            (5, 0) => next().into_iter().for_each(|n| self.publish(kind, n, true)),
            (6, 0) => self.notes.add(shown(&self.bus.stats())),
            (7, _) => {
                let gone = event.subscription().map(|own| self.bus.unsubscribe(own));
                self.notes.add(format!("{gone:?}"));
            }
            (8, 0) => {
                let first = self.guards.lock().unwrap().pop();
                drop(first);
            }
            (9, _) => {
                let sent = next().map(|n| self.beside.stream("beside").emit_k0(n, Trap(None)).send());
                self.notes.add(format!("{:?}", sent.map(|sent| shown_receipt(sent.receipt()))));
            }
            (10, 0) => self.notes.add(self.past()),
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn past(&self) -> String {
        let past = self.bus.history().limit(7).collect();
        let past = past.iter().map(|event| (event.kind().to_owned(), event.seq(), seq_of(event.causation())));
        format!("{:?}", past.collect::<Vec<_>>())
    }

    pub(crate) fn handle(self: &Arc<Self>, kind: u64, sort: u64) {
        let (world, name) = (Arc::downgrade(self), self.guards.lock().unwrap().len() as u64);
        let action =
            move |event: &AnyEvent| world.upgrade().map_or(Ok(()), |world| world.action(name, sort, event));
        let any = self.bus.subscribe_any().name(format!("h{name}"));
        let guard = match (kind, sort) {
            (_, 11) => any.handle(move |event: AnyEvent| {
                let done = action(&event);
                async move {
                    tokio::task::yield_now().await;
                    done
                }
            }),
            (9, _) => any.handle_sync(action),
            (_, 2) => any.stream("desk").handle_sync(action),
            _ => any.kinds([format!("k{kind}")]).handle_sync(action),
        };
        self.guards.lock().unwrap().push(guard);
    }
}
