//! The options of single commands.

use crate::Failure;

/// Each option, whether it has a value, and its command.
pub(super) const OPTIONS: [(&str, bool, &str); 15] = [
    ("-n", true, "log"),
    ("-f", false, "log"),
    ("--around", true, "log"),
    ("--deltas", false, "log"),
    ("--payload", false, "show"),
    ("--why", false, "show"),
    ("--failed", false, "executions"),
    ("--open", false, "executions"),
    ("--slow", true, "executions"),
    ("--by", true, "query"),
    ("--rename", true, "diff"),
    ("--ignore", true, "diff"),
    ("--first", false, "diff"),
    ("--port", true, "serve"),
    ("--format", true, "export"),
];

/// A percentile stands behind it, as in `--p99`.
pub(super) const PERCENTILE: &str = "--p";

/// The options as they were given, before it is known which command they belong to.
#[derive(Default)]
pub(super) struct Given(Vec<(&'static str, &'static str, String)>);

impl Given {
    /// Takes an option, with the value behind it if it has one. Returns whether it is one.
    pub(super) fn take(
        &mut self,
        word: &str,
        value: &mut impl FnMut() -> Result<String, Failure>,
    ) -> Result<bool, Failure> {
        if let Some(percent) =
            word.strip_prefix(PERCENTILE).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            self.0.push((PERCENTILE, "query", percent.to_owned()));
            return Ok(true);
        }
        let known = OPTIONS.iter().find(|(name, ..)| *name == word);
        let Some((name, has_value, command)) = known else { return Ok(false) };
        let value = if *has_value { value()? } else { String::new() };
        self.0.push((name, command, value));
        Ok(true)
    }

    /// Checks that all options belong to this command.
    pub(super) fn belong_to(&self, name: &str) -> Result<(), Failure> {
        match self.0.iter().find(|(_, command, _)| *command != name) {
            Some((option, _, value)) => {
                let percent = if *option == PERCENTILE { value } else { "" };
                Err(Failure::usage(format!("`bus {name}` takes no `{option}{percent}`: see --help")))
            }
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, option: &str) -> bool {
        self.0.iter().any(|(name, ..)| *name == option)
    }

    /// The value of an option: the last one that was given.
    pub(super) fn value<'a>(&'a self, option: &'a str) -> Option<&'a str> {
        self.values(option).last()
    }

    pub(super) fn values<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, ..)| *name == option).map(|(.., value)| &**value)
    }
}
