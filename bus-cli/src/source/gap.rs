//! Events that a source lacks.

use std::fmt;

use bus_journal::GapCause;
use serde_json::{Value, json};

/// Events that a source lacks, as it says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gap {
    text: String,
    /// The same for a program.
    value: Value,
    /// The run of a bus ended there.
    pub(crate) interrupts: bool,
}

impl Gap {
    /// The gap that a server tells: the cursors where it begins and ends, how many events are
    /// missing, and why; each of them only if it is known.
    #[cfg(feature = "web")]
    pub(crate) fn told(told: &Value) -> Self {
        let text = |name: &str| told[name].as_str();
        let (from, to) = (text("from").unwrap_or("?"), text("to").unwrap_or("?"));
        let why = text("cause").map_or_else(|| told["cause"].to_string(), |cause| cause.replace('_', " "));
        let shown = match told["missed"].as_u64() {
            Some(missed) => format!("{missed} events are missing from {from} to {to}: {why}"),
            None => format!("events may be missing from {from} to {to}: {why}"),
        };
        let value = json!({ "from": told["from"], "to": told["to"], "events": told["missed"], "cause": told["cause"] });
        Self { text: shown, value, interrupts: false }
    }

    /// Returns it as a line for a program.
    pub(crate) fn line(&self) -> String {
        json!({ "gap": self.value }).to_string()
    }
}

impl From<&bus_journal::Gap> for Gap {
    fn from(gap: &bus_journal::Gap) -> Self {
        let bus_journal::Gap { from, to, events, cause, .. } = gap;
        let value = json!({ "from": from, "to": to, "events": events, "cause": cause.to_string() });
        Self { text: gap.to_string(), value, interrupts: *cause == GapCause::Interrupted }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
