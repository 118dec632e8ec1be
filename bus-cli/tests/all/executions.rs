//! `bus executions`.

use crate::support::{bus, line, with_both};

#[test]
fn executions_have_the_state_that_their_events_declare() {
    let life = [
        line("execution_started", 1, "exec-a", "{}"),
        line("execution_started", 2, "exec-b", "{}"),
        line("execution_started", 3, "exec-c", "{}"),
        line("execution_failed", 4, "exec-b", r#"{"error":"no such file"}"#),
        line("execution_completed", 5, "exec-c", "{}"),
    ]
    .concat();
    let ran = bus(&["executions", "-", "--width", "100"], &life);
    let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["exec-a", "api", "running", "06:14:01.500", "0", "ms", "1", "0"]);
    assert_eq!(rows[2], ["exec-b", "api", "failed", "06:14:02.500", "2.0", "s", "2", "1"]);
    assert_eq!(rows[3], ["exec-c", "api", "completed", "06:14:03.500", "2.0", "s", "2", "0"]);
    let ids = |option: &str| {
        let out = bus(&["executions", "-", option], &life).out;
        let id = |line: &str| line.split("\"execution\":\"").nth(1).unwrap()[..6].to_owned();
        out.lines().map(id).collect::<Vec<_>>()
    };
    assert_eq!((ids("--open"), ids("--failed")), (vec!["exec-a".to_owned()], vec!["exec-b".to_owned()]));
    // Another run of a bus begins: what the first did not end is interrupted.
    let later = line("execution_started", 6, "exec-d", "{}").replace("00c0ffee00c0ffee", "00c0ffee00c0fff0");
    let ran = bus(&["executions", "-"], &(life + &later));
    assert!(ran.out.lines().next().unwrap().contains(r#""state":"interrupted""#), "{}", ran.out);
}

#[test]
fn a_journal_knows_its_executions_as_its_lines_do() {
    let lines = [
        line("execution_started", 1, "exec-a", "{}"),
        line("execution_started", 2, "exec-b", "{}"),
        line("tool_call_completed", 3, "exec-a", r#"{"tool_use_id":"1","tool_name":"a","is_error":true}"#),
        line("vendor_event", 4, "exec-a", r#"{"error":"denied"}"#),
        line("vendor_event", 5, "exec-a", r#"{"\u0065rror":"denied"}"#),
        line("vendor_event", 6, "exec-a", r#"{"text":"no error\""}"#),
        line("vendor_error", 7, "exec-b", "{}"),
        line("execution_failed", 8, "exec-b", r#"{"error":"no such file"}"#),
    ]
    .concat()
        + &line("tool_call_started", 9, "exec-c", r#"{"tool_use_id":"1","tool_name":"a"}"#)
            .replace(r#""execution_id":"exec-c""#, r#""execution_id":null"#);
    with_both(&lines, |source| {
        let ran = bus(&["executions", source], "");
        let rows: Vec<_> = ran.out.lines().collect();
        assert_eq!(rows.len(), 2, "{}", ran.out);
        assert!(
            rows[0].contains(r#""errors":3,"events":5,"execution":"exec-a","millis":5000"#),
            "{}",
            rows[0]
        );
        assert!(
            rows[1].contains(r#""errors":2,"events":3,"execution":"exec-b","millis":6000"#),
            "{}",
            rows[1]
        );
        assert!(rows[1].contains(r#""state":"failed""#), "{}", rows[1]);
        assert_eq!(ran.err, "! 1 of 9 events carry no execution\n");
        let slow = bus(&["executions", source, "--slow", "5s"], "");
        assert_eq!(slow.out.lines().collect::<Vec<_>>(), [rows[1]]);
        let fits = bus(&["executions", source, "kind:vendor_event"], "");
        assert!(fits.out.contains(r#""events":3"#) && fits.out.lines().count() == 1, "{}", fits.out);
    });
}
