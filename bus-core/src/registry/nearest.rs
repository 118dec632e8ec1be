//! The declared kind that somebody meant who wrote the name of another one.

use super::{Catalogue, names};
use crate::payload::Registration;

/// How a name comes from a declared kind, the likeliest way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    /// It is written in another way: `ToolCallStarted`, `tool-call-started`.
    Written,
    /// It lacks the prefix of its definition, or has one too many.
    Prefix,
    /// So many letters are wrong.
    Letters(usize),
}

impl Catalogue {
    /// The declared kind that was likely meant by a name, or by a pattern that ends with `*`.
    pub(crate) fn nearest(&self, wanted: &str) -> Option<&'static str> {
        let pattern = wanted.strip_suffix('*');
        let wanted = plain(pattern.unwrap_or(wanted));
        let slips = self.iter().flat_map(names).filter_map(|name| {
            let event = self.get(name)?;
            let written = plain(name);
            if pattern.is_some() {
                let length = wanted.chars().count();
                let beginning = |letters| written.chars().take(letters).collect::<String>();
                let beginnings = (length.saturating_sub(1)..length + 2).map(beginning);
                let by_prefix =
                    self.begins_behind_prefix(event.kind, &wanted, &written).then_some(Slip::Prefix);
                let slips = beginnings.filter_map(|text| slip(&wanted, &text)).chain(by_prefix);
                return Some((slips.min()?, event.kind));
            }
            let by_prefix = self.has_prefix(event.kind, &wanted, &written).then_some(Slip::Prefix);
            Some((slip(&wanted, &written).into_iter().chain(by_prefix).min()?, event.kind))
        });
        slips.min().map(|(_, kind)| kind)
    }

    /// Whether one of both names is the other behind a prefix. If the declared kind is the longer
    /// one, all kinds of its definition must have that prefix.
    fn has_prefix(&self, kind: &str, wanted: &str, written: &str) -> bool {
        if wanted.is_empty() || written.is_empty() {
            return false;
        }
        if wanted.strip_suffix(written).is_some_and(|prefix| prefix.ends_with('_')) {
            return true;
        }
        let prefix = written.strip_suffix(wanted).filter(|prefix| prefix.ends_with('_'));
        prefix.is_some_and(|prefix| self.is_prefix_of_all(kind, prefix))
    }

    /// Whether a kind begins as a pattern does once one of both loses a prefix. At least three
    /// letters of the pattern have to be left.
    fn begins_behind_prefix(&self, kind: &str, wanted: &str, written: &str) -> bool {
        let is_word = |rest: &str| rest.chars().count() > 2;
        let needless = wanted.match_indices('_').map(|(at, _)| &wanted[at + 1..]);
        let forgotten = written.match_indices('_').map(|(at, _)| written.split_at(at + 1));
        needless.filter(|rest| is_word(rest)).any(|rest| written.starts_with(rest))
            || is_word(wanted)
                && forgotten
                    .filter(|(_, rest)| rest.starts_with(wanted))
                    .any(|(prefix, _)| self.is_prefix_of_all(kind, prefix))
    }

    /// Whether the definition of a kind has several, and all of them begin so.
    fn is_prefix_of_all(&self, kind: &str, prefix: &str) -> bool {
        let declares = |one: &&&Registration| one.events.iter().any(|event| event.kind == kind);
        let all = self.registrations.iter().find(declares).map_or(&[][..], |one| one.events);
        all.len() > 1 && all.iter().all(|event| plain(event.kind).starts_with(prefix))
    }
}

/// The word of a list that was likely meant by another one.
pub(crate) fn closest(wanted: &str, words: &[&'static str]) -> Option<&'static str> {
    let wanted = plain(wanted);
    words.iter().filter_map(|word| Some((slip(&wanted, word)?, *word))).min().map(|(_, word)| word)
}

fn slip(wanted: &str, written: &str) -> Option<Slip> {
    if wanted == written {
        return Some(Slip::Written);
    }
    let most = match wanted.chars().count() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    let wrong = distance(wanted, written);
    (wrong <= most).then_some(Slip::Letters(wrong))
}

/// A name in small letters, with `_` between its words.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let mut small = false;
    for char in name.chars() {
        if char.is_alphanumeric() {
            if char.is_uppercase() && small {
                plain.push('_');
            }
            plain.extend(char.to_lowercase());
        } else {
            plain.push('_');
        }
        small = char.is_lowercase() || char.is_numeric();
    }
    plain
}

/// The number of letters to add, drop or change.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, char) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(char != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, plain, slip};

    #[test]
    fn names_are_compared_by_their_words() {
        for name in ["ToolCallStarted", "tool-call-started", "tool.call.started", "toolCallStarted"] {
            assert_eq!(plain(name), "tool_call_started");
        }
    }

    #[test]
    fn a_name_with_few_wrong_letters_is_near_and_a_short_one_is_not() {
        assert_eq!((distance("kitten", "sitting"), distance("", "abc"), distance("abc", "")), (3, 3, 3));
        assert!(slip("tool_call_stared", "tool_call_started").is_some());
        assert!(slip("tool_call_ended", "tool_call_started").is_none());
        assert!(slip("end", "emd").is_none());
    }
}
