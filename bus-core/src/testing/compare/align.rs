//! Which events of two sequences belong together.

/// One event of each sequence, or one that the other lacks: their indexes.
pub(super) type Step = (Option<usize>, Option<usize>);

/// Sequences with more events that only one of them has count as different from there on: the
/// search takes the square of this number in time and memory.
const MOST: usize = 1_000;

/// An event by two keys: of all that is compared, and of its kind and node alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) content: u64,
    pub(super) kind: u64,
}

/// Pairs the events of two sequences, in their order: first those that are equal, and between them
/// those of one kind and node, which then differ in a field.
pub(super) fn align(expected: &[Keys], actual: &[Keys]) -> Vec<Step> {
    let of = |keys: &[Keys]| keys.iter().map(|keys| keys.content).collect::<Vec<_>>();
    let (mut steps, mut missing, mut extra) = (Vec::new(), Vec::new(), Vec::new());
    for step in pair(&of(expected), &of(actual)) {
        match step {
            (Some(at), None) => missing.push(at),
            (None, Some(at)) => extra.push(at),
            _ => {
                steps.extend(changed(expected, &missing, actual, &extra));
                (missing, extra) = (Vec::new(), Vec::new());
                steps.push(step);
            }
        }
    }
    steps.extend(changed(expected, &missing, actual, &extra));
    steps
}

/// Pairs events without an equal one by kind and node.
fn changed(expected: &[Keys], missing: &[usize], actual: &[Keys], extra: &[usize]) -> Vec<Step> {
    let of = |keys: &[Keys], at: &[usize]| at.iter().map(|at| keys[*at].kind).collect::<Vec<_>>();
    let steps = pair(&of(expected, missing), &of(actual, extra));
    steps.into_iter().map(|(left, right)| (left.map(|at| missing[at]), right.map(|at| extra[at]))).collect()
}

/// Pairs equal keys so that as many as possible have a partner.
fn pair(left: &[u64], right: &[u64]) -> Vec<Step> {
    let same = |(left, right): (&u64, &u64)| left == right;
    let start = left.iter().zip(right).take_while(|keys| same(*keys)).count();
    let (a, b) = (&left[start..], &right[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|keys| same(*keys)).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);

    let both = |left: usize, right: usize| (Some(left), Some(right));
    let mut steps: Vec<Step> = (0..start).map(|at| both(at, at)).collect();
    let middle = fewest_edits(a, b).unwrap_or_else(|| {
        let missing = (0..a.len()).map(|at| (Some(at), None));
        missing.chain((0..b.len()).map(|at| (None, Some(at)))).collect()
    });
    steps.extend(middle.into_iter().map(|(a, b)| (a.map(|at| at + start), b.map(|at| at + start))));
    let (of_left, of_right) = (start + a.len(), start + b.len());
    steps.extend((0..end).map(|at| both(of_left + at, of_right + at)));
    steps
}

/// The algorithm of Myers ("An O(ND) difference algorithm", 1986): after `edits` steps that skip a
/// key of one side, `furthest[k]` is how many keys of `a` the best way on diagonal `k` has passed.
/// `None` if more than [`MOST`] steps are needed.
fn fewest_edits(a: &[u64], b: &[u64]) -> Option<Vec<Step>> {
    let mut furthest = vec![0; 2 * MOST + 3];
    let mut before = Vec::new();
    for edits in 0..=MOST {
        before.push(furthest[ZERO - edits - 1..=ZERO + edits + 1].to_vec());
        for diagonal in (ZERO - edits..=ZERO + edits).step_by(2) {
            let (mut x, _) = edit(edits, diagonal, |diagonal| furthest[diagonal]);
            let mut y = x + ZERO - diagonal;
            while x < a.len() && y < b.len() && a[x] == b[y] {
                (x, y) = (x + 1, y + 1);
            }
            furthest[diagonal] = x;
            if x >= a.len() && y >= b.len() {
                return Some(way_back(&before, a.len(), b.len()));
            }
        }
    }
    None
}

/// The diagonal on which as many keys of both sides are passed.
const ZERO: usize = MOST + 1;

/// The last edit on the best way to a diagonal: the keys of `a` that are passed behind it, and
/// whether it skips a key of `b`.
fn edit(edits: usize, diagonal: usize, furthest: impl Fn(usize) -> usize) -> (usize, bool) {
    let skips_b = diagonal == ZERO - edits
        || (diagonal != ZERO + edits && furthest(diagonal - 1) < furthest(diagonal + 1));
    let x = if skips_b { furthest(diagonal + 1) } else { furthest(diagonal - 1) + 1 };
    (x, skips_b)
}

fn way_back(before: &[Vec<usize>], mut x: usize, mut y: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for (edits, furthest) in before.iter().enumerate().skip(1).rev() {
        let (first, diagonal) = (ZERO - edits - 1, x + ZERO - y);
        let (behind, skips_b) = edit(edits, diagonal, |diagonal| furthest[diagonal - first]);
        while x > behind {
            (x, y) = (x - 1, y - 1);
            steps.push((Some(x), Some(y)));
        }
        if skips_b {
            y -= 1;
            steps.push((None, Some(y)));
        } else {
            x -= 1;
            steps.push((Some(x), None));
        }
    }
    steps.extend((0..x).rev().map(|at| (Some(at), Some(at))));
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::{MOST, pair};

    /// How many keys have no partner. Checks that each key is there once, in order, and that
    /// partners are equal.
    fn edits(left: &str, right: &str) -> usize {
        let keys = |text: &str| text.bytes().map(u64::from).collect::<Vec<_>>();
        let steps = pair(&keys(left), &keys(right));
        assert!(steps.iter().filter_map(|step| step.0).eq(0..left.len()), "{steps:?}");
        assert!(steps.iter().filter_map(|step| step.1).eq(0..right.len()), "{steps:?}");
        let partners = steps.iter().filter_map(|step| Some((step.0?, step.1?)));
        let (left, right) = (left.as_bytes(), right.as_bytes());
        assert!(partners.clone().all(|(l, r)| left[l] == right[r]), "{steps:?}");
        steps.len() - partners.count()
    }

    #[test]
    fn as_many_as_possible_have_a_partner() {
        for (left, right, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("", "ab", 2),
            ("abcd", "acd", 1),
            ("acd", "abcd", 1),
            ("abc", "xyz", 6),
            ("abcabba", "cbabac", 5),
            ("aaa", "aa", 1),
            ("ab", "ba", 2),
            ("abxxcd", "aybcyd", 5 - 1),
        ] {
            assert_eq!(edits(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn sequences_with_nothing_in_common_end_too() {
        let keys: Vec<u64> = (0..5_000).collect();
        let others: Vec<u64> = (10_000..14_000).collect();
        let steps = pair(&keys, &others);
        assert_eq!(steps.len(), 9_000);
        assert!(steps.iter().all(|step| matches!(step, (None, Some(_)) | (Some(_), None))));
        // A change far from the ends costs little.
        let mut changed = keys.clone();
        changed.remove(2_500);
        assert_eq!(pair(&keys, &changed).len(), 5_000);
        assert!(keys.len() > MOST);
    }
}
