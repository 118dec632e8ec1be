//! Turns the name of a payload into the name of its emit helper.

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

#[cfg(test)]
mod tests {
    use super::snake;

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
}
