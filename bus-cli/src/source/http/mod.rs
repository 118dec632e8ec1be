//! The events of a bus that is served over HTTP: server-sent events of `bus-web`.

mod address;
mod connection;
mod frame;

use std::ops::ControlFlow;
use std::time::Duration;

use bus_core::wire::Reader;
use bus_core::{EventBus, Filter, ReadEvent};
use hyper::StatusCode;
use tokio::runtime::Runtime;

pub(crate) use address::Address;
use connection::{Answer, Came, Events};
use frame::{Frame, Frames};

use super::{Ask, Damage, Found, Gap, Item, Kept, Next, has_id};
use crate::Failure;

/// How often a reader is asked whether it goes on while nothing comes.
const WAIT: Duration = Duration::from_millis(100);

/// How many waits there are before it is tried again to connect.
const PAUSE: u32 = 10;

/// How often it is tried again for an answer that ends, without any event in between.
const TRIES: u32 = 5;

/// The reading of one answer, which may take several connections.
struct Session<'a, F> {
    ask: &'a Ask<'a>,
    each: F,
    reader: Reader,
    /// The id of the last event, behind which a new connection goes on.
    last: Option<String>,
    number: u64,
    kept: Kept<Late>,
    /// All that there was is read.
    is_live: bool,
    damage: Damage,
}

/// An item that is handed on once it is known which events are the last ones.
enum Late {
    Event(ReadEvent, String),
    Gap(Gap),
}

/// How a connection ended.
enum Lost {
    /// There is nothing more to read.
    Over,
    Broken(String),
}

pub(super) fn read(
    address: &Address,
    ask: &Ask<'_>,
    each: impl FnMut(Item<'_>) -> Next,
) -> Result<Damage, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::source)?;
    let reader = EventBus::builder().build().map_err(Failure::source)?.reader();
    let (damage, kept) = (Damage::default(), Kept::new());
    let mut session = Session { ask, each, reader, last: None, number: 0, kept, is_live: false, damage };
    let (mut failures, mut was_connected) = (0, false);
    loop {
        let before = session.number;
        let lost = match session.connect(&runtime, address) {
            Ok(Answer::Events(events)) => {
                was_connected = true;
                session.follow(&runtime, events)?
            }
            Ok(Answer::Over) => Lost::Over,
            Ok(Answer::Refused(StatusCode::NOT_FOUND, text)) if !text.is_empty() => {
                eprintln!("! {text}");
                Lost::Over
            }
            Ok(Answer::Refused(status, text)) if !(was_connected && status.is_server_error()) => {
                return Err(refused(address, status, &text));
            }
            Ok(Answer::Refused(status, _)) => Lost::Broken(status.to_string()),
            Err(error) if !was_connected => {
                return Err(Failure::source(format!("`{}` cannot be read: {error}", address.shown)));
            }
            Err(error) => Lost::Broken(error),
        };
        let Lost::Broken(error) = lost else { break };
        failures = if session.number > before { 0 } else { failures + 1 };
        if failures >= TRIES && !ask.follow {
            return Err(Failure::source(format!("`{}` cannot be read to its end: {error}", address.shown)));
        }
        if failures <= 1 {
            eprintln!("! `{}` was lost, and is tried again: {error}", address.shown);
        }
        if session.pause()?.is_break() {
            break;
        }
    }
    session.hand_on_kept()?;
    Ok(session.damage)
}

fn refused(address: &Address, status: StatusCode, text: &str) -> Failure {
    let status =
        if status.is_success() { String::new() } else { format!(" refuses with {}", status.as_u16()) };
    Failure::source(format!("`{}`{status}: {text}", address.shown))
}

impl<F: FnMut(Item<'_>) -> Next> Session<'_, F> {
    fn connect(&self, runtime: &Runtime, address: &Address) -> Result<Answer, String> {
        let filter = self.ask.filter.to_string();
        let path = address.with(&[("since", "beginning"), ("q", &filter)]);
        runtime.block_on(connection::ask(address, &path, self.last.as_deref()))
    }

    /// Reads until the connection is lost, or the reader wants no more.
    fn follow(&mut self, runtime: &Runtime, mut events: Events) -> Result<Lost, Failure> {
        let mut frames = Frames::default();
        loop {
            match runtime.block_on(events.next(WAIT)) {
                Ok(Came::Bytes(bytes)) => {
                    for frame in frames.take(&bytes) {
                        if self.frame(frame)?.is_break() {
                            return Ok(Lost::Over);
                        }
                    }
                }
                Ok(Came::Nothing) => {}
                Err(error) => return Ok(Lost::Broken(error)),
            }
            if self.idle()?.is_break() {
                return Ok(Lost::Over);
            }
        }
    }

    fn frame(&mut self, frame: Frame) -> Next {
        let Frame { name, id, data } = frame;
        let next = match &*name {
            "" => return self.event(id, data),
            "gap" => {
                let gap = Gap::told(&serde_json::from_str(&data).unwrap_or_default());
                self.damage.places += 1;
                self.hand_on(Late::Gap(gap))?
            }
            "live" => {
                self.is_live = true;
                self.hand_on_kept()?;
                if self.ask.follow { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            }
            // The execution has ended, or the bus is closed.
            "end" | "closing" => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        self.last = id.or(self.last.take());
        Ok(next)
    }

    fn event(&mut self, id: Option<String>, data: String) -> Next {
        self.last = id.or(self.last.take());
        self.number += 1;
        match self.reader.read(&data) {
            Ok(event) => self.hand_on(Late::Event(event, data)),
            Err(error) => {
                self.damage.note(self.number, error.to_string());
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn hand_on(&mut self, item: Late) -> Next {
        match (self.ask.last.filter(|_| !self.is_live), item) {
            (Some(most), event @ Late::Event(..)) => self.kept.add(most, event),
            (Some(_), gap @ Late::Gap(_)) => self.kept.note(gap),
            (None, Late::Event(event, line)) => return (self.each)(Item::Event(event, &line)),
            (None, Late::Gap(gap)) => return (self.each)(Item::Gap(gap)),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Hands on the last events of what there was.
    fn hand_on_kept(&mut self) -> Result<(), Failure> {
        for item in self.kept.take() {
            let next = match item {
                Late::Event(event, line) => (self.each)(Item::Event(event, &line)),
                Late::Gap(gap) => (self.each)(Item::Gap(gap)),
            };
            if next?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Shows what came, once there is nothing more for now.
    fn idle(&mut self) -> Next {
        if self.is_live && self.ask.follow { (self.each)(Item::Idle) } else { Ok(ControlFlow::Continue(())) }
    }

    /// Waits before the next connection.
    fn pause(&mut self) -> Next {
        for _ in 0..PAUSE {
            if self.idle()?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            std::thread::sleep(WAIT);
        }
        Ok(ControlFlow::Continue(()))
    }
}

pub(super) fn find(address: &Address, id: &str) -> Result<Found, Failure> {
    let (mut event, mut gaps) = (None, Vec::new());
    let ask = Ask { filter: &Filter::new(), last: None, follow: false };
    let damage = read(address, &ask, |item| {
        match item {
            Item::Event(found, line) if has_id(&found, id) => {
                event = Some((found, line.to_owned()));
                return Ok(ControlFlow::Break(()));
            }
            Item::Gap(gap) => gaps.push(gap),
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if event.is_some() {
        return Ok(Found { event, ..Found::default() });
    }
    Ok(Found { event, damage, gaps })
}

pub(super) fn around(
    address: &Address,
    (id, count): (&str, usize),
    filter: &Filter,
    mut each: impl FnMut(Item<'_>) -> Next,
) -> Result<Damage, Failure> {
    let mut kept = Kept::<(ReadEvent, String)>::new();
    // How many are still to come, once the event was found.
    let mut left = None;
    let ask = Ask { filter: &Filter::new(), last: None, follow: false };
    read(address, &ask, |item| {
        let Item::Event(event, line) = item else { return each(item) };
        if left.is_none() && has_id(&event, id) {
            left = Some(count);
            for (event, line) in kept.take() {
                if each(Item::Event(event, &line))?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        } else if !filter.matches(&event) {
            return Ok(ControlFlow::Continue(()));
        } else if let Some(left) = &mut left {
            *left -= 1;
        } else {
            kept.add(count, (event, line.to_owned()));
            return Ok(ControlFlow::Continue(()));
        }
        let next = each(Item::Event(event, line))?;
        Ok(if left == Some(0) { ControlFlow::Break(()) } else { next })
    })
}
