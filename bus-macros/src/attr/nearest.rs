//! Suggestions for misspelt names.

/// The candidate that is one or two edits away, if there is one.
pub(crate) fn nearest<'a>(keyword: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let most = if keyword.chars().count() < 4 { 1 } else { 2 };
    let best = candidates.iter().map(|candidate| (distance(keyword, candidate), *candidate)).min()?;
    let starts = || {
        candidates
            .iter()
            .copied()
            .find(|c| keyword.len() >= 3 && (c.starts_with(keyword) || keyword.starts_with(c)))
    };
    if best.0 <= most { Some(best.1) } else { starts() }
}

/// The number of letters to add, drop, change or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_beginnings_and_nothing_else() {
        let keywords = ["transient", "critical", "kind", "redact"];
        for (typed, meant) in [
            ("transeint", Some("transient")),
            ("knd", Some("kind")),
            ("redacted", Some("redact")),
            ("crit", Some("critical")),
            ("Kind", Some("kind")),
            ("priority", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, &keywords), meant, "{typed}");
        }
    }
}
