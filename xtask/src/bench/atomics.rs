//! Exact counts of atomic read-modify-writes: how often each instruction ran, joined with the
//! operation of the instruction.
//!
//! This counts the operations of the machine from every source: a lock, a counter, the reference
//! count of an `Arc`, a waker of tokio's. An uncontended lock is two, one to take it and one to
//! release it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::callgrind::{self, Executed};
use super::workload::{ALL, Workload};
use crate::process::read;
use crate::task::Failure;

/// The workloads with a budget: a publish to nobody and to synchronous handlers.
const BUDGETS: [&str; 4] = ["e/kept", "a/1", "a/8", "a/64"];

/// A source line that runs less often than this for one publish belongs to the clock, not to the
/// publish.
const SELDOM: f64 = 0.01;

/// The counts of one publish.
pub(super) struct Counted {
    pub(super) instructions: f64,
    /// Absent if the instructions cannot be read.
    pub(super) atomics: Option<f64>,
}

/// Why nothing can be counted here; `None` if it can.
pub(super) fn missing() -> Option<&'static str> {
    let found = Command::new("objdump").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !cfg!(target_arch = "x86_64") {
        return Some("which instructions are atomic is known for x86-64 only");
    }
    callgrind::missing().or_else(|| found.is_err().then_some("objdump is not installed"))
}

pub(super) fn count(program: &Path, workload: &Workload) -> Result<Counted, Failure> {
    let executed = callgrind::publish(program, workload)?;
    let atomics = match missing() {
        Some(_) => None,
        None => Some(atomic(&executed)?.iter().map(|(_, _, count)| count).sum()),
    };
    Ok(Counted { instructions: executed.all(), atomics })
}

/// Returns the content of `bench/atomics.json`.
pub(super) fn budgets(program: &Path) -> Result<String, Failure> {
    let mut counts = serde_json::Map::new();
    for workload in with_budget() {
        let atomics = count(program, workload)?.atomics.unwrap_or_default();
        let name = format!("atomic operations: {}", workload.title);
        counts.insert(name, ((atomics * 10.0).round() / 10.0).into());
    }
    let text = serde_json::to_string_pretty(&counts);
    text.map(|text| text + "\n").map_err(|error| Failure::found(error.to_string()))
}

/// Prints how many there are and which source lines they are of.
pub(super) fn print(program: &Path) -> Result<(), Failure> {
    if let Some(missing) = missing() {
        println!("atomic operations are left out: {missing}");
        return Ok(());
    }
    println!("\natomic read-modify-writes of one publish; each handler's own counter is one of them");
    for workload in with_budget() {
        let found = atomic(&callgrind::publish(program, workload)?)?;
        println!("\n{:>6.1}  {}", found.iter().map(|(_, _, count)| count).sum::<f64>(), workload.title);
        let mut lines = BTreeMap::<String, f64>::new();
        for (object, address, count) in found.iter().filter(|(_, _, count)| *count > SELDOM) {
            *lines.entry(source_line(object, *address)).or_default() += count;
        }
        for (line, count) in lines {
            println!("{count:>8.1}  {line}");
        }
    }
    Ok(())
}

fn with_budget() -> impl Iterator<Item = &'static Workload> {
    ALL.iter().filter(|workload| BUDGETS.contains(&workload.group))
}

/// The atomic instructions among those executed: file, address, how often.
fn atomic(executed: &Executed) -> Result<Vec<(PathBuf, u64, f64)>, Failure> {
    let mut found = Vec::new();
    for (object, counts) in executed.0.iter().filter(|(object, _)| object.is_file()) {
        let atomic = atomic_addresses(object)?;
        let of_object = counts.iter().filter(|(address, count)| **count != 0.0 && atomic.contains(*address));
        found.extend(of_object.map(|(address, count)| (object.clone(), *address, *count)));
    }
    Ok(found)
}

fn atomic_addresses(object: &Path) -> Result<HashSet<u64>, Failure> {
    type Known = std::sync::Mutex<HashMap<PathBuf, HashSet<u64>>>;
    // The files are large and are asked for once a workload.
    static KNOWN: std::sync::LazyLock<Known> = std::sync::LazyLock::new(Known::default);
    let known = || KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(found) = known().get(object) {
        return Ok(found.clone());
    }
    let text = read(Command::new("objdump").args(["-d", "--no-show-raw-insn"]).arg(object))?;
    let found: HashSet<u64> = text.lines().filter_map(atomic_address).collect();
    known().insert(object.to_owned(), found.clone());
    Ok(found)
}

/// The address of a line of objdump's with an atomic read-modify-write: one with the prefix `lock`,
/// or an `xchg` with memory, which is atomic without it.
fn atomic_address(line: &str) -> Option<u64> {
    let (address, instruction) = line.split_once('\t')?;
    let exchange = instruction.starts_with("xchg") && instruction.contains('(');
    if !instruction.starts_with("lock ") && !exchange {
        return None;
    }
    u64::from_str_radix(address.trim().trim_end_matches(':'), 16).ok()
}

/// The operation that an instruction belongs to and the line of our own source that it is in, as
/// far as they are known.
fn source_line(object: &Path, address: u64) -> String {
    let mut command = Command::new("addr2line");
    command.arg("-e").arg(object).args(["-i", "-f", "-C", &format!("{address:#x}")]);
    let output = command.output().ok().filter(|output| output.status.success());
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    described(&text).unwrap_or_else(|| format!("{} {address:#x}", object.display()))
}

/// addr2line writes two lines for each function that was inlined, the innermost first: its name and
/// its source line. The first function that is not an operation of an atomic type names the action:
/// `lock`, or `drop` of an `Arc`.
fn described(text: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().collect();
    let frames: Vec<_> = lines.chunks_exact(2).map(|frame| (frame[0], frame[1])).collect();
    let (name, _) = frames.iter().find(|(_, line)| !line.contains("/sync/atomic.rs:") && *line != "??:0")?;
    let name = name.replace(", alloc::alloc::Global>", ">");
    let foreign = ["/library/", "/registry/", "bus-core/src/sync.rs"];
    let is_own = |line: &str| line.contains('/') && !foreign.iter().any(|part| line.contains(part));
    let own = frames.iter().find(|(_, line)| is_own(line)).map(|(_, line)| {
        let parts: Vec<_> = line.split(' ').next().unwrap_or_default().split('/').collect();
        let from = parts.iter().rposition(|part| *part == "src").map_or(0, |at| at.saturating_sub(1));
        parts[from..].join("/")
    });
    Some(own.map_or_else(|| name.clone(), |own| format!("{own}: {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exchanges_with_memory_are_atomic() {
        let is_atomic = |instruction: &str| atomic_address(&format!("   b27ed:\t{instruction}"));
        assert_eq!(is_atomic("lock decq (%rax)"), Some(0xb_27ed));
        assert_eq!(is_atomic("xchg   %eax,0x10(%rbx)"), Some(0xb_27ed));
        assert_eq!(is_atomic("xchg   %ax,%ax"), None);
        assert_eq!(is_atomic("mov    %rax,(%rbx)"), None);
        assert_eq!(atomic_address("00000000000b27e0 <lock>:"), None);
    }

    #[test]
    fn an_instruction_is_described_by_its_operation_and_its_line() {
        let atomic = "publish\n/rustc/59/library/core/src/sync/atomic.rs:10\nfetch_sub\n\
                      /rustc/59/library/core/src/sync/atomic.rs:20\n";
        let drop = "drop<bus_core::Scope, alloc::alloc::Global>\n/rustc/59/library/alloc/src/sync.rs:7\n";
        let own = "publish\n/a/bus-core/src/emit/mod.rs:97 (discriminator 3)\n";
        let shown = described(&format!("{atomic}{drop}{own}")).unwrap();
        assert_eq!(shown, "bus-core/src/emit/mod.rs:97: drop<bus_core::Scope>");
        assert_eq!(described(&format!("{atomic}{drop}")).unwrap(), "drop<bus_core::Scope>");
        assert_eq!(described("??\n??:0\n"), None);
    }
}
