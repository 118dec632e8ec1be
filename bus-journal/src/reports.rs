//! Whether events report an error, as far as their kind says it.

use serde_json::json;

use crate::reader::Reader;

/// Whether events of a kind report an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reports {
    Always,
    Never,
    /// The members of each event say it.
    Perhaps,
}

impl Reader {
    /// Whether events of a kind [report an error](bus_core::Event::is_error).
    pub(crate) fn reports(&self, kind: &str) -> Reports {
        if self.bus().catalogue().get(kind).is_some_and(|event| !event.may_report_error()) {
            return Reports::Never;
        }
        let empty = json!({ "type": kind, "stream_id": "", "timestamp": "1970-01-01T00:00:00" });
        match self.event(&empty.to_string()) {
            Ok(event) if event.is_error() => Reports::Always,
            _ => Reports::Perhaps,
        }
    }
}
