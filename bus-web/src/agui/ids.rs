//! Ids that never repeat: they belong to the thread, and a client appends to a message whose id it
//! knows.

use std::collections::HashMap;
use std::fmt::Write as _;

use bus_core::EventId;

/// The ids of one execution.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    execution: String,
    /// The id of a tool call to how often it was used.
    uses: HashMap<String, u32>,
    /// For events without an id.
    counter: u64,
}

impl Ids {
    pub(super) fn new(execution: &str) -> Self {
        Self { execution: escaped(execution), uses: HashMap::new(), counter: 0 }
    }

    /// The id of a message or an interrupt that this event opens: the run of the bus, execution,
    /// node and the event's position in the run. It is the same for all readers, wherever each
    /// began, and in no other run of the bus.
    pub(super) fn message(&mut self, event: Option<EventId>, node: &str) -> String {
        let id = if let Some(id) = event {
            format!("{:016x}:{}:{}:{}", id.run(), self.execution, escaped(node), id.seq())
        } else {
            self.counter += 1;
            format!("recording:{}:{}:{}", self.execution, escaped(node), self.counter)
        };
        self.used(id)
    }

    /// The id of a tool call.
    pub(super) fn call(&mut self, event: Option<EventId>, node: &str, call: &str) -> String {
        let run = event.map_or("recording".to_owned(), |id| format!("{:016x}", id.run()));
        let id = format!("{run}:{}:{}:call:{}", self.execution, escaped(node), escaped(call));
        self.used(id)
    }

    /// A second use of an id is another one.
    fn used(&mut self, id: String) -> String {
        let uses = self.uses.entry(id.clone()).or_default();
        *uses += 1;
        if *uses == 1 { id } else { format!("{id}#{uses}") }
    }
}

/// Returns the execution that the id of an interrupt is of.
pub(super) fn execution_of(interrupt: &str) -> Option<String> {
    let mut parts = interrupt.split(':');
    let (_run, execution) = (parts.next()?, parts.next()?);
    if parts.count() == 2 { unescaped(execution) } else { None }
}

/// Letters, digits and `-._~` as they are, other bytes as `%3A`: ids are ASCII, and their parts are
/// told apart.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // writing to a string does not fail
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            out.push(u8::try_from(digit()? << 4 | digit()?).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use bus_core::EventId;

    use super::{Ids, execution_of};

    #[test]
    fn an_interrupt_names_its_execution_whatever_is_in_its_name() {
        for execution in ["exec-1", "a:b/ü%#", ""] {
            let id = Ids::new(execution).message(Some(EventId::new(7, 42)), "no:de");
            assert!(id.is_ascii());
            assert_eq!(execution_of(&id).as_deref(), Some(execution));
        }
        assert_eq!(execution_of("else"), None);
        assert_eq!(execution_of("a:%zz:c:d"), None);
    }

    #[test]
    fn a_second_use_of_an_id_is_another_one() {
        let mut ids = Ids::new("e");
        let run = Some(EventId::new(1, 2));
        let calls = [ids.call(run, "n", "c"), ids.call(run, "n", "c"), ids.call(run, "m", "c")];
        let start = "0000000000000001:e";
        assert_eq!(
            calls,
            [format!("{start}:n:call:c"), format!("{start}:n:call:c#2"), format!("{start}:m:call:c")]
        );
    }
}
