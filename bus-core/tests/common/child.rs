//! Runs tests that may hang or abort in a child process: this program again, with that one test.

use std::collections::BTreeSet;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, mpsc};

use super::PATIENCE;

/// Set in a child.
const APART: &str = "BUS_APART";

/// Runs the test of this closure in a child, and fails with it; returns `false` in the child, which
/// then runs the test.
pub(crate) fn ran_apart<F>(body: &F) -> bool {
    static DONE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if std::env::var_os(APART).is_some() {
        return false;
    }
    let name = test_of(body);
    // A test with several runs: the child made all of them.
    if DONE.lock().unwrap().insert(name.clone()) {
        let output = run(&name, &[]);
        let printed = text(&output);
        let passed = output.status.success() && printed.contains("1 passed");
        assert!(passed, "{name} in a child, {}:\n{printed}", output.status);
    }
    true
}

/// The function of a closure, in the form of the test runner.
pub(crate) fn test_of<F>(_: &F) -> String {
    let path = std::any::type_name::<F>();
    let test = path.split("::{{closure}}").next().unwrap_or(path);
    test.split_once("::").map_or(test, |(_, test)| test).to_owned()
}

/// Runs one test of this program in a child with its own watchdog; if that hangs too, the child is
/// killed.
pub(crate) fn run(test: &str, settings: &[(&str, &str)]) -> Output {
    let own = std::env::current_exe().unwrap();
    let child = Command::new(own)
        .args(["--exact", test, "--nocapture"])
        .env(APART, "1")
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (done, finished) = mpsc::channel();
    let id = child.id();
    let waiting = std::thread::spawn(move || {
        let output = Child::wait_with_output(child).unwrap();
        let _ = done.send(());
        output
    });
    if finished.recv_timeout(PATIENCE * 3).is_err() {
        // A bare system has no program `kill`, but each shell has one built in.
        drop(Command::new("sh").args(["-c", &format!("kill -9 {id}")]).status());
    }
    waiting.join().unwrap()
}

/// The whole output of a child.
pub(crate) fn text(output: &Output) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    said(&output.stdout) + &said(&output.stderr)
}
