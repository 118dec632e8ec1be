//! The workloads that two revisions are compared by: sides of groups of the benchmarks.

/// One side of a group of the benchmarks, by the names that they have there.
pub(super) struct Workload {
    pub(super) group: &'static str,
    pub(super) side: &'static str,
    /// Its name in the table.
    pub(super) title: &'static str,
    /// The unit of one number; `ns` for a time.
    pub(super) unit: &'static str,
    /// Instructions are counted for this many publishes and for three times as many: a multiple of
    /// the bursts. 0 if more than one thread works, so that no count is exact.
    pub(super) publishes: u64,
    /// One number takes a quarter of a second or so.
    pub(super) long: bool,
}

const fn side(group: &'static str, title: &'static str) -> Workload {
    Workload { group, side: "bus", title, unit: "ns", publishes: 1_024, long: false }
}

/// Between several threads.
const fn threads(
    group: &'static str,
    side: &'static str,
    title: &'static str,
    unit: &'static str,
    long: bool,
) -> Workload {
    Workload { group, side, title, unit, publishes: 0, long }
}

const SHARE: &str = "most : least";

/// All workloads of `--against`.
pub(super) const ALL: &[Workload] = &[
    side("e/kept", "nobody listens"),
    side("a/1", "1 sync handler"),
    side("a/8", "8 sync handlers"),
    side("a/64", "64 sync handlers"),
    side("b/ready/1", "1 async handler, ready, a handler"),
    side("b/ready/8", "8 async handlers, ready, a handler"),
    side("b/ready/64", "64 async handlers, ready, a handler"),
    side("b/yields/1", "1 async handler, yields, a handler"),
    side("b/yields/8", "8 async handlers, yield, a handler"),
    side("b/yields/64", "64 async handlers, yield, a handler"),
    side("c/1t/burst1/1", "single events, 1 reader, a delivery"),
    side("c/1t/burst1/8", "single events, 8 readers, a delivery"),
    side("c/1t/burst1/64", "single events, 64 readers, a delivery"),
    side("c/1t/burst64/1", "bursts of 64, 1 reader, a delivery"),
    side("c/1t/burst64/8", "bursts of 64, 8 readers, a delivery"),
    side("c/1t/burst64/64", "bursts of 64, 64 readers, a delivery"),
    threads("f/bare", "1 thread", "1 thread, 1 handler", "ns", false),
    threads("f/work", "2 threads", "2 threads with work, 1 handler", "ns", false),
    threads("f/bare", "2 threads", "2 threads, 1 handler", "ns", false),
    threads("f/bare/8", "2 threads", "2 threads, 8 handlers", "ns", false),
    threads("f/bare/64", "2 threads", "2 threads, 64 handlers", "ns", false),
    threads("f/share/1", "2 threads", "share of 2 threads, 1 handler", SHARE, true),
    threads("f/share/8", "2 threads", "share of 2 threads, 8 handlers", SHARE, true),
    threads("f/share/64", "2 threads", "share of 2 threads, 64 handlers", SHARE, true),
    threads("p/time", "bus", "32 senders, capacity 16, 2 µs", "ns", true),
    threads("p/sleeps", "bus", "32 senders, sleeps an event", "sleeps", true),
    threads("p/share", "bus", "32 senders, share", SHARE, true),
    threads("p/lone", "bus", "a single send among two, 30 µs", "handler times", true),
];

/// Whether one was named: by its letter (`b`) or the beginning of its group (`b/ready`).
pub(super) fn is_chosen(workload: &Workload, names: &[String]) -> bool {
    let begins = |name: &String| {
        workload
            .group
            .strip_prefix(name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    names.is_empty() || names.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_whole_parts_of_a_group() {
        let chosen = |name: &str| {
            let names = [name.to_owned()];
            ALL.iter()
                .filter(|workload| is_chosen(workload, &names))
                .map(|found| found.group)
                .collect::<Vec<_>>()
        };
        assert_eq!(chosen("b/ready"), ["b/ready/1", "b/ready/8", "b/ready/64"]);
        assert_eq!(chosen("a/6"), [""; 0]);
        assert_eq!(ALL.iter().filter(|workload| is_chosen(workload, &[])).count(), ALL.len());
    }
}
