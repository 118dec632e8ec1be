//! `bus show`: one event, and what it caused.

use std::ops::ControlFlow;

use super::{each, ended};
use crate::args::Call;
use crate::output::Output;
use crate::{Ended, Failure};

pub(super) fn run(call: &Call, id: &str, output: &mut Output) -> Result<Ended, Failure> {
    let mut found_one = false;
    let damage = each(call, output, |event, line, output| {
        let is_it =
            event.foreign_id().as_deref() == Some(id) || event.id().is_some_and(|own| own.to_string() == id);
        if !is_it {
            return Ok(ControlFlow::Continue(()));
        }
        found_one = true;
        if output.json {
            output.line(line)?;
        } else {
            let value: serde_json::Value = serde_json::from_str(line).map_err(Failure::source)?;
            let text = serde_json::to_string_pretty(&value).map_err(Failure::source)?;
            for line in text.lines() {
                output.row(&[crate::output::Cell::new(line, 0)])?;
            }
        }
        Ok(ControlFlow::Break(()))
    })?;
    ended(found_one, &damage, output)
}
