//! The parameters of a request.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use bus_core::filter::Field;
use bus_core::{EventId, Filter, Since};

use crate::reply::line;

/// Events of a page, unless asked for.
const LIMIT: usize = 100;
const MOST: usize = 5_000;
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How an event is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// The envelope with the data.
    #[default]
    Full,
    /// A row of an index, without the data.
    Row,
}

/// The parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) filter: Filter,
    pub(crate) since: Option<Since>,
    pub(crate) before: Option<EventId>,
    pub(crate) newest: bool,
    pub(crate) limit: usize,
    pub(crate) wait: Duration,
    pub(crate) view: View,
    pub(crate) cut: Option<usize>,
}

impl Asked {
    /// Reads the parameters that a route knows.
    pub(crate) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Box<Response>> {
        let mut asked = Self { limit: LIMIT, ..Self::default() };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let taken =
                if known.contains(&&*name) { asked.take(&name, &value) } else { Err(unknown(&name, known)) };
            taken.map_err(|error| {
                // Some errors point at a column in a line of their own.
                let error = error.lines().collect::<Vec<_>>().join("; ");
                Box::new(line(StatusCode::BAD_REQUEST, error))
            })?;
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |error: &dyn std::fmt::Display| format!("`{name}`: {error}");
        match name {
            "q" => {
                self.filter = and(&self.filter, value).map_err(|error| wrong(&error))?;
            }
            "kind" => self.select(&Field::Kind, value),
            "stream" => self.select(&Field::StreamId, value),
            "node" => self.select(&Field::NodeId, value),
            "execution" => self.select(&Field::ExecutionId, value),
            "correlation" => self.select(&Field::CorrelationId, value),
            "since" => self.since = Some(value.parse().map_err(|error| wrong(&error))?),
            "before" => self.before = Some(value.parse().map_err(|error| wrong(&error))?),
            "newest" => self.newest = matches!(value, "1" | "true" | ""),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                self.limit = limit.ok_or_else(|| wrong(&format!("give a number from 1 to {MOST}")))?;
            }
            "cut" => self.cut = Some(value.parse().map_err(|_| wrong(&"give a number of bytes"))?),
            "wait" => {
                let wait = value.strip_suffix('s').unwrap_or(value).parse().ok().map(Duration::from_secs);
                let wait = wait.filter(|wait| *wait <= LONGEST_WAIT);
                self.wait = wait.ok_or_else(|| wrong(&"give seconds, at most `60s`"))?;
            }
            _ => {
                self.view = match value {
                    "full" => View::Full,
                    "row" => View::Row,
                    _ => return Err(wrong(&"write `full` or `row`")),
                }
            }
        }
        Ok(())
    }

    fn select(&mut self, field: &Field, values: &str) {
        let filter = std::mem::take(&mut self.filter);
        let values = values.split(',').filter(|value| !value.is_empty());
        self.filter = values.fold(filter, |filter, value| filter.with(field.clone(), value));
    }

    /// The one execution that is asked for, if it is one.
    pub(crate) fn execution(&self) -> Option<&str> {
        match self.filter.values(&Field::ExecutionId) {
            [execution] => Some(execution),
            _ => None,
        }
    }
}

/// Adds the words of a filter. Both become one text, so values of one name mean any of them.
fn and(filter: &Filter, words: &str) -> Result<Filter, bus_core::filter::FilterError> {
    // The words are read alone first, so that an error has their columns.
    let asked: Filter = words.parse()?;
    if filter.is_empty() { Ok(asked) } else { format!("{filter} {words}").parse() }
}

fn unknown(name: &str, known: &[&str]) -> String {
    format!("no parameter is called `{}` here: there are {}", name.escape_debug(), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 6] = ["q", "kind", "execution", "since", "limit", "wait"];

    #[test]
    fn short_forms_and_words_are_one_filter() {
        let asked = Asked::read(Some("execution=a,b&q=kind:tool_*%20error&kind=x"), &ALL).unwrap();
        let filter = Filter::new().execution("a").execution("b").kind("tool_*").kind("x").error();
        assert_eq!(asked.filter, filter);
        assert_eq!(asked.execution(), None);
        assert_eq!(Asked::read(Some("q=execution:a"), &ALL).unwrap().execution(), Some("a"));
    }

    #[tokio::test]
    async fn a_wrong_parameter_is_one_line_that_names_it() {
        for (query, part) in [
            ("executon=a", "no parameter is called `executon` here"),
            ("q=knd:a", "`q`: "),
            ("since=yesterday", "`since`: `yesterday` says no place to begin"),
            ("limit=0", "`limit`: give a number from 1 to 5000"),
            ("limit=5001", "`limit`: give a number from 1 to 5000"),
            ("wait=61s", "`wait`: give seconds"),
        ] {
            let refused = Asked::read(Some(query), &ALL).unwrap_err();
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
            let text = axum::body::to_bytes(refused.into_body(), 10_000).await.unwrap();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert!(text.contains(part) && text.trim_end().lines().count() == 1, "{query}: {text}");
        }
    }
}
