//! From text to a filter.

use std::str::FromStr;
use std::time::SystemTime;

use super::words::{Value, Words};
use super::{Field, Filter, FilterError, Word};
use crate::registry::closest;
use crate::since::time_of;

/// The names that stand before a colon.
const NAMES: [&str; 8] =
    ["kind", "stream", "node", "execution", "parent_execution", "correlation", "after", "before"];

const PAIRS: &str = "is about several events, and a filter looks at one at a time";

impl Filter {
    /// Reads a filter, and leaves words that are none of a filter to the caller.
    ///
    /// The closure is asked about each word whose name no filter has, and about `open`. It returns
    /// whether it took the word; one that it leaves is an error, as with [`str::parse`].
    ///
    /// # Errors
    /// If a word cannot be understood, or the closure returns an error: see [`Word::error`].
    ///
    /// ```
    /// use bus_core::{Filter, filter::FilterError};
    ///
    /// let mut slower_than = None;
    /// let filter = Filter::parse_with("kind:tool_* dur:>2", |word| {
    ///     if word.name() != "dur" {
    ///         return Ok(false);
    ///     }
    ///     let value = word.values().next().and_then(|value| value.strip_prefix('>'));
    ///     let seconds = value.and_then(|value| value.parse::<u64>().ok());
    ///     slower_than = Some(seconds.ok_or_else(|| word.error("write it as `dur:>2`"))?);
    ///     Ok(true)
    /// })?;
    /// assert_eq!(filter, Filter::new().kind("tool_*"));
    /// assert_eq!(slower_than, Some(2));
    /// # Ok::<(), FilterError>(())
    /// ```
    pub fn parse_with(
        text: &str,
        mut other: impl FnMut(&Word<'_>) -> Result<bool, FilterError>,
    ) -> Result<Self, FilterError> {
        Words::new(text).try_fold(Self::new(), |filter, word| filter.and_word(&word?, &mut other))
    }

    fn and_word(
        self,
        word: &Word<'_>,
        other: &mut impl FnMut(&Word<'_>) -> Result<bool, FilterError>,
    ) -> Result<Self, FilterError> {
        let Some(name) = &word.name else { return self.and_bare(word, other) };
        match &**name {
            "after" => Ok(self.after(time(word)?)),
            "before" => Ok(self.before(time(word)?)),
            _ => match Field::named(name) {
                Some(field) => word.values.iter().try_fold(self, |filter, value| {
                    check_value(word, &field, value)?;
                    Ok(filter.and_value(word, field.clone(), &value.text))
                }),
                None if other(word)? => Ok(self),
                None => Err(unknown(word, name)),
            },
        }
    }

    fn and_value(self, word: &Word<'_>, field: Field, value: &str) -> Self {
        if word.excluded { self.without(field, value) } else { self.with(field, value) }
    }

    /// A word without a name: a condition, or text.
    fn and_bare(
        self,
        word: &Word<'_>,
        other: &mut impl FnMut(&Word<'_>) -> Result<bool, FilterError>,
    ) -> Result<Self, FilterError> {
        match word.bare() {
            Some("error") if word.excluded => return Ok(self.without_error()),
            Some("error") => return Ok(self.error()),
            Some("open") if other(word)? => return Ok(self),
            Some("open") => {
                return Err(word.error(format!("{PAIRS}: put it in quotes to search for the text")));
            }
            Some("or" | "and" | "not") => {
                return Err(word.error(
                    "all words of a filter must fit, several values of a name mean any of them (`node:a,b`), and `-` excludes: put it in quotes to search for the text",
                ));
            }
            Some(text) if text.contains('*') => {
                return Err(word.error(format!("only a kind may end with `*`: write `kind:{text}`, or put it in quotes to search for the text")));
            }
            Some(text) if text.split_once('=').is_some_and(|(name, _)| Field::named(name).is_some()) => {
                let fixed = text.replacen('=', ":", 1);
                return Err(word.error(format!("a colon stands between name and value: write `{fixed}`")));
            }
            _ => {}
        }
        let text = word.values().collect::<String>();
        if text.is_empty() {
            return Err(word.error("an empty text is in every event: leave it out"));
        }
        Ok(if word.excluded { self.without_text(text) } else { self.text(text) })
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse_with(text, |_| Ok(false))
    }
}

impl Field {
    /// Returns the part of an event that has this name before the colon of a filter; `None` if no
    /// part has it.
    ///
    /// ```
    /// use bus_core::filter::Field;
    ///
    /// assert_eq!(Field::named("execution"), Some(Field::ExecutionId));
    /// assert_eq!(Field::named("data.tool_name"), Some(Field::Data("tool_name".to_owned())));
    /// assert_eq!(Field::named("tool_name"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "kind" => Self::Kind,
            "stream" => Self::StreamId,
            "node" => Self::NodeId,
            "execution" => Self::ExecutionId,
            "parent_execution" => Self::ParentExecutionId,
            "correlation" => Self::CorrelationId,
            _ => match name.split_once('.')? {
                ("attribute", name) => Self::Attribute(name.to_owned()),
                ("data", path) => Self::Data(path.to_owned()),
                _ => return None,
            },
        })
    }
}

fn unknown(word: &Word<'_>, name: &str) -> FilterError {
    if matches!(name, "dur" | "seq") {
        return word.error(match name {
            "dur" => format!("a duration {PAIRS}"),
            _ => "a position is none of a filter, because each run counts anew: use `after:` and `before:`"
                .to_owned(),
        });
    }
    let begins = |known: &&&str| name.len() > 2 && known.starts_with(name);
    let near = closest(name, &NAMES).or_else(|| NAMES.iter().find(begins).copied());
    let fix = match near {
        Some(near) => format!("did you mean `{near}:`?"),
        None => format!(
            "write `attribute.{name}:` for an open attribute, `data.{name}:` for a member of the data, or one of {}:",
            NAMES.join(":, ")
        ),
    };
    word.error(format!("no filter has the name `{name}`: {fix} (a text with a colon in it stands in quotes)"))
}

/// Only kinds have patterns, and only at their end.
fn check_value(word: &Word<'_>, field: &Field, value: &Value) -> Result<(), FilterError> {
    let text = &value.text;
    let star = if *field == Field::Kind {
        text.strip_suffix('*').unwrap_or(text).contains('*')
    } else {
        text.contains('*')
    };
    if star && !value.quoted {
        return Err(word.error(
            "`*` stands for any text only at the end of a kind: put the value in quotes to take it as it is",
        ));
    }
    Ok(())
}

/// The one time behind the colon.
fn time(word: &Word<'_>) -> Result<SystemTime, FilterError> {
    let name = word.name();
    if word.excluded {
        let other = if name == "after" { "before" } else { "after" };
        return Err(word.error(format!("a time is not excluded: write `{other}:` with it")));
    }
    let read = |value: &Value| time_of(value.text.strip_prefix('-').unwrap_or(&value.text));
    match &word.values[..] {
        [value] => read(value),
        _ => None,
    }
    .ok_or_else(|| {
        word.error(format!(
            "write one time, such as `{name}:2026-11-22T06:14:08Z`, or how long ago, such as `{name}:15m`"
        ))
    })
}
