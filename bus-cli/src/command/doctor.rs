//! `bus doctor`: reads a whole journal, and says what is missing or damaged.

use bus_journal::Journal;

use crate::args::Call;
use crate::output::Output;
use crate::source::failed;
use crate::{Ended, Failure};

pub(super) fn run(call: &Call, output: &mut Output) -> Result<Ended, Failure> {
    let journal = Journal::read(&call.source).map_err(|error| Failure::open(&call.source, &error))?;
    let report = journal.check().map_err(|error| failed(&journal, error))?;
    for line in report.to_string().lines() {
        output.line(line)?;
    }
    Ok(if report.is_clean() { Ended::Found } else { Ended::Damaged })
}
