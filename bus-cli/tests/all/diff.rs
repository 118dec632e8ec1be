//! `bus diff`: two recordings, compared by execution.

use crate::support::{bus, bus_with, calls, file, line, session, with_both, with_gap};

#[test]
fn recordings_are_equal_but_for_what_is_new_in_each_run() {
    let folder = tempfile::tempdir().unwrap();
    // Another run an hour later, with other ids of executions and calls.
    let later = calls()
        .replace("T06:", "T07:")
        .replace("00c0ffee00c0ffee", "00c0ffee00c0fff0")
        .replace("\"exec-", "\"run-")
        .replace(r#""tool_use_id":""#, r#""tool_use_id":"call-"#);
    let later = file(folder.path(), "later.jsonl", later.as_bytes());
    let later = later.to_str().unwrap();
    with_both(&calls(), |source| {
        let ran = bus(&["diff", source, later, "--rename", "tool_use_id"], "");
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
        assert_eq!(bus(&["diff", source, later, "--ignore", "tool_use_id"], "").code, 0);
        let ran = bus(&["diff", source, later], "");
        assert_eq!((ran.code, ran.out.lines().count()), (1, 6), "{}", ran.out);
        assert!(ran.out.lines().all(|line| line.contains(r#""field":"data.tool_use_id""#)), "{}", ran.out);
        let first = bus(&["diff", source, later, "--first"], "");
        assert_eq!(first.out.lines().count(), 3, "one for each execution: {}", first.out);
        assert_eq!(bus(&["diff", source, later, "kind:none"], "").code, 0);
    });
}

#[test]
fn a_person_reads_which_event_and_field_differ() {
    let folder = tempfile::tempdir().unwrap();
    let other = calls().replacen(r#""tool_name":"grep""#, r#""tool_name":"find""#, 1)
        + &line("tool_asked", 20, "exec-b", r#"{"tool_name":"extra"}"#);
    let other = file(folder.path(), "other.jsonl", other.as_bytes());
    let ran = bus(&["diff", "-", other.to_str().unwrap(), "--width", "80"], &calls());
    let lines = [
        "execution exec-a, node plan, event 1 of 4, tool_call_started: data.tool_name",
        "  - \"grep\"",
        "  + \"find\"",
        "execution exec-b, node plan, event 2 of 2, tool_asked: extra",
        "  + {\"tool_name\":\"extra\"}",
    ];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), lines);
    assert_eq!(ran.code, 1);
}

#[test]
fn a_recording_that_is_not_whole_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_gap(folder.path());
    let ran = bus(&["diff", "-", &path], "");
    assert_eq!(ran.code, 3);
    assert!(ran.out.starts_with(r#"{"gap":"#), "{}", ran.out);
    assert_eq!(ran.err, format!("! `{path}` is not whole\n"));
}

#[test]
fn the_environment_names_the_first_recording_if_one_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let before = file(folder.path(), "before.jsonl", session().as_bytes());
    let after = file(folder.path(), "after.jsonl", session().replace("grep", "find").as_bytes());
    let (before, after) = (before.to_str().unwrap(), after.to_str().unwrap());
    let diff = |source: &str, words: &[&str]| {
        bus_with(&[("BUS_SOURCE", source)], &[&["diff", "--width", "80"], words].concat(), "")
    };
    let named = bus(&["diff", "--width", "80", before, after], "");
    assert!(named.code == 1 && named.out.contains("- \"grep\""), "{}", named.out);
    assert_eq!(diff(before, &[after]).out, named.out);
    assert_eq!(diff("missing.db", &[before, after]).out, named.out, "both are named");
    assert_eq!(diff(before, &[after, "kind:tool_failed"]).code, 0);
    assert_eq!(diff(before, &["missing.db"]).code, 4);
    assert_eq!(diff(before, &[after, "missing.db"]).code, 4, "a name of a file is no text to look for");
    assert_eq!(diff(before, &[]).code, 2);
}
