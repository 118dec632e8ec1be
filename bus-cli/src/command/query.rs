//! `bus query`: counts by a part of the events.

use std::collections::HashMap;
use std::ops::ControlFlow;

use bus_core::ReadEvent;
use serde_json::{Value, json};

use super::{each, ended};
use crate::args::Call;
use crate::output::{Cell, Output, Style};
use crate::{Ended, Failure};

/// The part of an event that is counted by.
enum Key<'a> {
    Kind,
    Stream,
    Node,
    Execution,
    Data(&'a str),
}

pub(super) fn run(call: &Call, by: &str, output: &mut Output) -> Result<Ended, Failure> {
    let key = Key::parse(by)?;
    let mut counts: HashMap<String, u64> = HashMap::new();
    let damage = each(call, output, |event, _, _| {
        key.with(&event, |value| match counts.get_mut(value) {
            Some(count) => *count += 1,
            None => {
                counts.insert(value.to_owned(), 1);
            }
        });
        Ok(ControlFlow::Continue(()))
    })?;
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|(a, many), (b, few)| few.cmp(many).then_with(|| a.cmp(b)));
    if !output.json && !rows.is_empty() {
        row(output, Style::Bold, "COUNT", by)?;
    }
    for (value, count) in &rows {
        if output.json {
            output.line(&json!({ by: value, "count": count }).to_string())?;
        } else {
            row(output, Style::Plain, &count.to_string(), value)?;
        }
    }
    ended(!rows.is_empty(), &damage, output)
}

fn row(output: &mut Output, style: Style, count: &str, value: &str) -> Result<(), Failure> {
    Ok(output.row(&[Cell::new(&format!("{count:>9}"), 9).style(style), Cell::new(value, 0).style(style)])?)
}

impl<'a> Key<'a> {
    fn parse(by: &'a str) -> Result<Self, Failure> {
        match by {
            "kind" => Ok(Self::Kind),
            "stream" => Ok(Self::Stream),
            "node" => Ok(Self::Node),
            "execution" => Ok(Self::Execution),
            _ => by.strip_prefix("data.").filter(|name| !name.is_empty()).map(Self::Data).ok_or_else(|| {
                Failure::usage(format!("`--by {by}`: write kind, stream, node, execution or data.NAME"))
            }),
        }
    }

    /// Calls `then` with this part of an event, if it has it.
    fn with(&self, event: &ReadEvent, then: impl FnOnce(&str)) {
        let scope = event.scope();
        match self {
            Self::Kind => then(event.kind()),
            Self::Stream => then(scope.stream()),
            Self::Node => drop(scope.node().map(then)),
            Self::Execution => drop(scope.execution().map(then)),
            Self::Data(name) => match event.data().get(name) {
                None => {}
                Some(Value::String(text)) => then(text),
                Some(other) => then(&other.to_string()),
            },
        }
    }
}
