//! The counts that must not grow: allocations, bytes and atomic operations, which are the same at
//! each run.

use serde_json::Value;

use super::{atomics, build};
use crate::process::read;
use crate::task::Failure;
use crate::workspace;

/// Allowed growth, as a factor: other versions of the dependencies count a little differently.
const LEEWAY: f64 = 1.01;

/// The counts of the allocator, as JSON. The peers are not built for it.
pub(super) fn counts() -> Result<String, Failure> {
    read(&mut super::bench(&["--bin", "counts", "--no-default-features"]))
}

/// Compares with the two files, or writes them.
pub(super) fn run(save: bool) -> Result<(), Failure> {
    let memory = compare("counts.json", &counts()?, save);
    if let Some(missing) = atomics::missing() {
        println!("bench/atomics.json is left out: {missing}");
        return memory;
    }
    let counted = atomics::budgets(&build::own()?)?;
    memory.and(compare("atomics.json", &counted, save))
}

fn compare(name: &str, counts: &str, save: bool) -> Result<(), Failure> {
    let path = workspace::root().join("bench").join(name);
    if save {
        std::fs::write(path, counts)?;
        return Ok(());
    }
    let grown = grown(name, &parsed(&std::fs::read_to_string(path)?)?, &parsed(counts)?);
    if grown.is_empty() {
        println!("nothing counts more than bench/{name} allows");
        return Ok(());
    }
    Err(Failure::found(format!(
        "{}\nmend that, or run `cargo xtask bench --guard --save` and write in the commit why it must be so",
        grown.join("\n")
    )))
}

fn parsed(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::found(format!("counts that cannot be read: {error}")))
}

/// The counts that are higher than in the file, and those that the file does not have.
fn grown(file: &str, before: &Value, now: &Value) -> Vec<String> {
    let number = |value: &Value, name: &str| value[name].as_f64();
    let names = now.as_object().into_iter().flat_map(serde_json::Map::keys);
    names
        .filter_map(|name| match (number(before, name), number(now, name)?) {
            (Some(before), now) if now <= before * LEEWAY => None,
            (Some(before), now) => Some(format!("{name}: {now}, before it was {before}")),
            (None, now) => Some(format!("{name}: {now}, and bench/{file} does not have it")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::grown;

    #[test]
    fn growth_is_reported_and_shrinking_is_not() {
        let before = json!({ "a": 1.0, "b": 2.0, "c": 0.0 });
        let now = json!({ "a": 1.005, "b": 1.0, "c": 1.0, "d": 1.0 });
        assert_eq!(
            grown("counts.json", &before, &now),
            ["c: 1.0, before it was 0.0", "d: 1.0, and bench/counts.json does not have it"]
                .map(|line| line.replace(".0", "")),
        );
    }
}
