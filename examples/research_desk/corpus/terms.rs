//! Splits text into terms: words with the same stem count as the same.

/// Stop words, which do not narrow a question.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "each", "for", "from", "get", "had", "happen", "happens", "has",
    "have", "how", "i", "if", "in", "into", "is", "it", "its", "may", "me", "mean", "means", "must", "my",
    "no", "not", "of", "on", "one", "only", "or", "our", "own", "say", "says", "she", "should", "so", "some",
    "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to",
    "up", "us", "use", "used", "was", "we", "were", "what", "when", "where", "which", "who", "whose", "why",
    "will", "with", "would", "you", "your",
];

/// Calls `each` with every term of `text`, in order: lower case, without stop words, reduced to a
/// stem.
///
/// `ToolCallStarted` and `tool_call_started` both have the terms `tool`, `call`, `start`.
pub(crate) fn for_each_term(text: &str, mut each: impl FnMut(String)) {
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        for part in camel_parts(word) {
            let lower = part.to_lowercase();
            if (lower.chars().count() > 1 || lower.chars().all(|c| !c.is_ascii()))
                && STOP_WORDS.binary_search(&lower.as_str()).is_err()
            {
                each(stem(&lower));
            }
        }
    }
}

/// The distinct terms of a text in the order of their first use.
pub(crate) fn distinct(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for_each_term(text, |term| {
        if !terms.contains(&term) {
            terms.push(term);
        }
    });
    terms
}

/// Refuses a question without a word to search for.
pub(crate) fn check(question: &str) -> Result<(), String> {
    if distinct(question).is_empty() {
        return Err(format!("the question {question:?} has no word to search for"));
    }
    Ok(())
}

/// `ToolCall` -> `Tool`, `Call`; `HTTPServer` -> `HTTP`, `Server`; other words stay whole.
fn camel_parts(word: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = word.char_indices().collect();
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, window) in chars.windows(2).enumerate() {
        let (before, here) = (window[0].1, window[1]);
        let next_is_lower = chars.get(at + 2).is_some_and(|(_, c)| c.is_lowercase());
        if here.1.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_lower)) {
            parts.push(&word[from..here.0]);
            from = here.0;
        }
    }
    if from < word.len() {
        parts.push(&word[from..]);
    }
    parts
}

/// A light stem for English: `handlers`, `handled`, `handling` -> `handl`. Other scripts stay as
/// they are.
fn stem(word: &str) -> String {
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    let mut base = plural(word);
    for ending in ["ing", "ed", "ly"] {
        if let Some(short) = base.strip_suffix(ending)
            && short.len() >= 3
            && short.contains(['a', 'e', 'i', 'o', 'u', 'y'])
        {
            base.truncate(undouble(short).len());
            break;
        }
    }
    match base.strip_suffix('e') {
        Some(short) if short.len() >= 3 => short.to_owned(),
        _ => base,
    }
}

fn plural(word: &str) -> String {
    if let Some(short) = word.strip_suffix("ies") {
        return format!("{short}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(short) if !short.ends_with(['s', 'u', 'i']) => short.to_owned(),
        _ => word.to_owned(),
    }
}

/// `dropp` -> `drop`; `ll` and `ss` stay, as in `call` and `pass`.
fn undouble(word: &str) -> &str {
    let bytes = word.as_bytes();
    match bytes {
        [.., a, b] if a == b && !matches!(b, b'l' | b's' | b'z') => &word[..word.len() - 1],
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_meet_in_one_term() {
        for word in ["handled", "handling", "handles", "Handle"] {
            assert_eq!(distinct(word), ["handl"], "{word}");
        }
        assert_eq!(distinct("dropped drops dropping"), ["drop"]);
        assert_eq!(distinct("queries query"), ["query"]);
        assert_eq!(distinct("calls calling"), ["call"]);
    }

    #[test]
    fn identifiers_fall_apart_at_case_and_underscore() {
        assert_eq!(distinct("ToolCallStarted"), ["tool", "call", "start"]);
        assert_eq!(distinct("tool_call_started"), ["tool", "call", "start"]);
        assert_eq!(distinct("HTTPServer"), ["http", "server"]);
    }

    #[test]
    fn stop_words_are_sorted_and_dropped() {
        assert!(STOP_WORDS.is_sorted());
        assert_eq!(distinct("What happens when the bus is closed?"), ["bus", "clos"]);
    }

    #[test]
    fn other_scripts_are_terms_too() {
        assert_eq!(distinct("Größe der Warteschlange"), ["größe", "der", "warteschlang"]);
        assert_eq!(distinct("événement 事件"), ["événement", "事件"]);
    }
}
