//! Names in generated files: of emit helpers, and of types.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// `LLMTextDelta` becomes `llm_text_delta`: the rule of the derive, whose descriptors do not name
/// the helper.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() && at > 0 && letters[at - 1] != '_' {
            let next_is_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
            if !letters[at - 1].is_uppercase() || next_is_small {
                out.push('_');
            }
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// Letters beside those of ASCII that all languages take in an identifier, and that are the same
/// in every normal form of Unicode: Python compares identifiers in the form NFKC.
const LETTERS: &[RangeInclusive<char>] = &[
    'À'..='Ö',
    'Ø'..='ö',
    'ø'..='ı',
    'Ĵ'..='ľ',
    'Ł'..='ň',
    'Ŋ'..='ž',
    'Α'..='Ρ',
    'Σ'..='ώ',
    'Ѐ'..='ҁ',
    'ぁ'..='ゖ',
    'ァ'..='ヺ',
    '一'..='龥',
    '가'..='힣',
];

/// The name as an identifier: letters that are none become `_`, and it does not begin with a digit.
pub(crate) fn identifier(name: &str) -> String {
    let letter = |c: char| LETTERS.iter().any(|range| range.contains(&c));
    let mut name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || letter(c) { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        name.insert(0, '_');
    }
    name
}

/// Hands out each name once: two definitions may have an event of one name, and a type may have the
/// name of a generated one.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    pub(crate) fn with(reserved: &[&str]) -> Self {
        Self(reserved.iter().map(|&name| name.to_owned()).collect())
    }

    /// The name as an identifier that is still free.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let mut name = identifier(name);
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// The same in letters of ASCII, which are all that AsyncAPI takes.
    pub(crate) fn take_ascii(&mut self, name: &str) -> String {
        self.take(&name.replace(|c: char| !c.is_ascii(), "_"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_at_capitals() {
        let pairs = [
            ("TargetStarted", "target_started"),
            ("LLMTextDelta", "llm_text_delta"),
            ("Http2Started", "http2_started"),
            ("AB", "ab"),
            ("Already_Split", "already_split"),
        ];
        for (name, expected) in pairs {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::with(&["Event"]);
        assert_eq!(names.take("Event"), "Event_");
        assert_eq!(names.take("Event"), "Event__");
        assert_eq!(names.take("2nd-try"), "_2nd_try");
    }
}
