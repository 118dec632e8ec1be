//! `bus show`: an event, what led to it, an execution.

use crate::support::{bus, calls, file, line, session, with_both, with_gap};

#[test]
fn one_event_is_found_by_its_id() {
    let ran = bus(&["show", "-", "00c0ffee00c0ffee-3", "--width", "60"], &session());
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains(r#""error": "no such file""#), "{}", ran.out);
    assert_eq!(bus(&["show", "-", "00c0ffee00c0ffee-9"], &session()).code, 1);
    with_both(&session(), |source| {
        let payload = bus(&["show", source, "00c0ffee00c0ffee-3", "--payload"], "");
        assert_eq!((payload.code, payload.out.as_str()), (0, "{\"error\":\"no such file\"}\n"));
        let event = bus(&["show", source, "00c0ffee00c0ffee-3"], "");
        assert!(event.out.contains(r#""type":"tool_failed""#), "{}", event.out);
        assert_eq!(bus(&["show", source, "00c0ffee00c0ffee-9"], "").code, 1);
        assert_eq!(bus(&["show", source, "no id at all"], "").code, 1);
    });
}

#[test]
fn an_event_is_shown_whole_and_cannot_steer_the_terminal() {
    let text = format!("{}\\u001b[2J\u{202e}end", "long ".repeat(30));
    let ran = bus(
        &["show", "-", "00c0ffee00c0ffee-1", "--payload", "--width", "40"],
        &line("tool_asked", 1, "exec-a", &format!(r#"{{"text":"{text}"}}"#)),
    );
    assert!(ran.out.lines().all(|line| line.chars().count() <= 40), "{}", ran.out);
    let whole: String = ran.out.lines().collect();
    assert!(whole.contains(&"long ".repeat(30)), "{whole}");
    assert!(whole.ends_with("\\u001b[2J\\u{202e}end\"}"), "{whole}");
}

#[test]
fn ids_of_another_system_are_found_too() {
    let other = session().replace("00c0ffee00c0ffee-3", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    with_both(&other, |source| {
        assert_eq!(bus(&["show", source, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"], "").code, 0);
    });
}

#[test]
fn why_goes_back_to_what_began_it() {
    let caused = |second: u32, cause: &str| {
        line("tool_asked", second, "exec-a", "{}").replace("}\n", &format!(r#","causation_id":"{cause}"}}"#))
            + "\n"
    };
    let lines = line("tool_asked", 1, "exec-a", "{}")
        + &caused(2, "00c0ffee00c0ffee-1")
        + &line("tool_asked", 3, "exec-a", "{}")
        + &caused(4, "00c0ffee00c0ffee-2")
        + &caused(5, "00c0ffee00c0ffee-77");
    with_both(&lines, |source| {
        let why = |id: &str| bus(&["show", source, id, "--why", "--width", "80"], "");
        let seconds = |out: &str| out.lines().map(|line| line[6..8].to_owned()).collect::<Vec<_>>();
        let ran = why("00c0ffee00c0ffee-4");
        assert_eq!((ran.code, seconds(&ran.out)), (0, vec!["01".to_owned(), "02".into(), "04".into()]));
        let ran = why("00c0ffee00c0ffee-5");
        assert_eq!((ran.code, seconds(&ran.out)), (3, vec!["05".to_owned()]));
        assert!(ran.err.starts_with("! the event 00c0ffee00c0ffee-77, "), "{}", ran.err);
        assert_eq!(why("00c0ffee00c0ffee-9").code, 1);
    });
}

#[test]
fn an_execution_is_a_tree_of_what_it_began() {
    let child = r#""parent_execution_id":"exec-a","id":"#;
    let lines = line("execution_started", 0, "exec-a", "{}")
        + &calls()
        + &line("execution_started", 11, "exec-d", "{}").replace(r#""id":"#, child);
    with_both(&lines, |source| {
        let ran = bus(&["show", source, "exec-a", "--width", "100"], "");
        assert_eq!(ran.code, 0);
        let rows: Vec<_> = ran.out.lines().map(str::trim_end).collect();
        assert!(rows[1].starts_with("exec-a ") && rows[2].starts_with("exec-d "), "{}", ran.out);
        assert!(rows[2].ends_with(" exec-a"), "{}", ran.out);
        let begins: Vec<_> = rows[3..].iter().map(|row| &row[13..]).collect();
        assert!(begins[0].starts_with("execution_started ") && begins[0].contains(" open "), "{}", ran.out);
        assert!(
            begins[1].starts_with("  tool_call_started ") && begins[1].contains(" 2.0 s "),
            "{}",
            ran.out
        );
        assert!(
            begins[2].starts_with("  tool_call_started ") && begins[2].contains(" 7.0 s "),
            "{}",
            ran.out
        );
        assert!(begins[2].contains(r#""is_error":true"#), "the end says why: {}", ran.out);
        assert_eq!(begins.len(), 3, "{}", ran.out);
        assert_eq!(bus(&["show", source, "exec-a"], "").out.lines().count(), 5);
    });
}

#[test]
fn a_tree_tells_damage_of_its_source_once() {
    let folder = tempfile::tempdir().unwrap();
    let gap = &*with_gap(folder.path());
    let lines = line("execution_started", 1, "exec-a", "{}");
    assert_eq!(bus(&["import", gap, "-"], &lines).code, 0);
    let ran = bus(&["show", gap, "exec-a", "--width", "100"], "");
    assert_eq!((ran.code, ran.err.as_str()), (3, ""), "{}", ran.out);
    assert_eq!(ran.out.matches("! 3 events are missing from ").count(), 1, "{}", ran.out);
    // The damaged line may have been of an execution that this one began.
    let path = file(folder.path(), "run.jsonl", format!("{lines}not json\n").as_bytes());
    let ran = bus(&["show", path.to_str().unwrap(), "exec-a", "--width", "100"], "");
    assert_eq!((ran.code, ran.out.lines().count()), (3, 3), "{}", ran.out);
    assert_eq!(ran.err.matches("! 1 line is no event: line 2: ").count(), 1, "{}", ran.err);
}

#[test]
fn a_tree_has_the_state_that_the_list_of_executions_has() {
    let later = line("asked", 2, "exec-b", "{}").replace("00c0ffee00c0ffee", "00c0ffee00c0fff0");
    with_both(&(line("execution_started", 1, "exec-a", "{}") + &later), |source| {
        let row = |words: &[&str]| {
            let out = bus(&[words, &["--width", "100"]].concat(), "").out;
            out.lines().find(|row| row.starts_with("exec-a ")).unwrap().to_owned()
        };
        let shown = row(&["show", source, "exec-a"]);
        assert!(shown.contains(" interrupted "), "{shown}");
        assert_eq!(shown, row(&["executions", source]));
    });
}
