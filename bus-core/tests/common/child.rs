//! Tests that might hang for good or take the process along run in a child: this program again, with that one test.

use std::collections::BTreeSet;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, mpsc};

use super::PATIENCE;

/// Set in a child.
const APART: &str = "BUS_APART";

/// Runs the test that this closure was written in, in a child, and fails as it does; `false` in that child, where the test is to be run.
pub(crate) fn ran_apart<F>(body: &F) -> bool {
    static DONE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if std::env::var_os(APART).is_some() {
        return false;
    }
    let name = test_of(body);
    // A test with several runs in it: the child made them all.
    if DONE.lock().unwrap().insert(name.clone()) {
        let output = run(&name, &[]);
        let told = text(&output);
        let passed = output.status.success() && told.contains("1 passed");
        assert!(passed, "{name} in a child, {}:\n{told}", output.status);
    }
    true
}

/// The function that a closure was written in, as the test runner names it.
pub(crate) fn test_of<F>(_: &F) -> String {
    let path = std::any::type_name::<F>();
    let test = path.split("::{{closure}}").next().unwrap_or(path);
    test.split_once("::").map_or(test, |(_, test)| test).to_owned()
}

/// Runs one test of this program in a child, which has its own watchdog; should that hang too, the child is ended.
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

/// All that a child said.
pub(crate) fn text(output: &Output) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    said(&output.stdout) + &said(&output.stderr)
}
