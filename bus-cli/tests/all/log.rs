//! `bus log`: for a person and for a program.

use crate::support::{bus, bus_with, calls, file, line, packed, session, with_both, with_gap};

#[test]
fn for_a_program_the_lines_come_out_as_they_were_written() {
    let session = session();
    let ran = bus(&["log", "-"], &session);
    assert_eq!((ran.code, ran.out, ran.err), (0, session.clone(), String::new()));
    let ran = bus(&["log", "-", "-n", "1", "execution:exec-b"], &session);
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), [session.lines().nth(2).unwrap()]);
}

#[test]
fn plain_and_compressed_files_are_sources() {
    let folder = tempfile::tempdir().unwrap();
    let plain = file(folder.path(), "run.jsonl", session().as_bytes());
    let packed = file(folder.path(), "run.jsonl.gz", &packed(&session()));
    for source in [plain.to_str().unwrap(), packed.to_str().unwrap()] {
        assert_eq!(bus(&["log", source], "").out, session());
    }
}

#[test]
fn the_environment_names_the_source_unless_the_call_does() {
    let folder = tempfile::tempdir().unwrap();
    let plain = file(folder.path(), "run.jsonl", session().as_bytes());
    let other = file(folder.path(), "other.jsonl", line("other", 1, "x", "{}").as_bytes());
    let environment = [("BUS_SOURCE", plain.to_str().unwrap())];
    let lines = |arguments: &[&str]| {
        let ran = bus_with(&environment, arguments, "");
        (ran.code, ran.out.lines().count())
    };
    assert_eq!(lines(&["log", "kind:tool_failed"]), (0, 1));
    assert_eq!(lines(&["log"]), (0, 4));
    assert_eq!(lines(&["log", other.to_str().unwrap()]), (0, 1));
    assert_eq!(lines(&["show", "00c0ffee00c0ffee-3"]), (0, 1));
    assert_eq!(lines(&["log", "missing.jsonl"]), (4, 0), "a name of a file is no text to look for");
}

/// Some editors write one; put together, two files have one in the middle.
#[test]
fn a_byte_order_mark_is_no_part_of_a_line() {
    let (first, second) = (line("tool_asked", 1, "exec-a", "{}"), line("tool_failed", 2, "exec-a", "{}"));
    let marked = format!("\u{feff}{first}\u{feff}{second}\u{feff}\n");
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "run.jsonl", marked.as_bytes());
    for (source, input) in [(path.to_str().unwrap(), ""), ("-", &marked)] {
        for command in ["log", "export"] {
            let ran = bus(&[command, source], input);
            assert_eq!((ran.code, ran.out, ran.err), (0, format!("{first}{second}"), String::new()));
        }
        let ran = bus(&["query", source], input);
        assert_eq!((ran.code, ran.out.lines().count(), ran.err.as_str()), (0, 2, ""));
        let ran = bus(&["show", source, "00c0ffee00c0ffee-2", "--json"], input);
        assert_eq!((ran.code, ran.out, ran.err), (0, second.clone(), String::new()));
    }
}

/// Some disks and backups fill up a block with zeros.
#[test]
fn zeros_behind_compressed_events_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (line("tool_asked", 1, "exec-a", "{}"), line("tool_failed", 2, "exec-a", "{}"));
    let both = format!("{first}{second}");
    let zeros = vec![0; 512];
    let files = [
        ("end", [packed(&both), zeros.clone()].concat()),
        ("middle", [packed(&first), zeros.clone(), packed(&second)].concat()),
        ("everywhere", [packed(&first), zeros.clone(), packed(&second), zeros].concat()),
    ];
    for (name, bytes) in files {
        let path = file(folder.path(), name, &bytes);
        let path = path.to_str().unwrap();
        let ran = bus(&["log", path], "");
        assert_eq!((ran.code, ran.out, ran.err), (0, both.clone(), String::new()), "{name}");
        let ran = bus(&["import", &format!("{path}.db"), path], "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        assert!(ran.out.starts_with("2 events imported, "), "{name}: {}", ran.out);
    }
}

#[test]
fn for_a_person_there_are_columns_of_the_asked_width() {
    let ran = bus(&["log", "-", "--width", "80"], &session());
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    assert!(ran.out.starts_with("06:14:01.500 1      tool_asked "), "{}", ran.out);
    let ran = bus(&["executions", "-", "--width", "100"], &session());
    let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["exec-a", "api", "unknown", "06:14:01.500", "3.0", "s", "2", "0"]);
    assert_eq!(rows[2], ["exec-b", "api", "unknown", "06:14:02.500", "1.0", "s", "2", "1"]);
}

#[test]
fn text_of_a_recording_cannot_steer_the_terminal() {
    let bad = line("tool_asked", 1, "exec-\\u001b[31m", r#"{"text":"\u001b[2J"}"#);
    let ran = bus(&["log", "-", "--width", "120", "--color", "never"], &bad);
    assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
    assert!(ran.out.contains("\\u{1b}"), "{}", ran.out);
}

#[test]
fn the_events_around_one_and_the_last_ones_are_found_in_both_sources() {
    let text: String = (1..=30).map(|second| line("tool_asked", second, "exec-a", "{}")).collect();
    with_both(&text, |source| {
        let seconds = |arguments: &[&str]| {
            let out = bus(&[&["log", source], arguments].concat(), "").out;
            let second = |line: &str| line.split_once("2026-11-22T06:14:").unwrap().1[..2].to_owned();
            out.lines().map(second).collect::<Vec<_>>()
        };
        assert_eq!(seconds(&["--around", "00c0ffee00c0ffee-12", "-n", "2"]), ["10", "11", "12", "13", "14"]);
        assert_eq!(seconds(&["--around", "00c0ffee00c0ffee-2", "-n", "3"]), ["01", "02", "03", "04", "05"]);
        assert_eq!(seconds(&["--around", "00c0ffee00c0ffee-30"]).len(), 11);
        assert_eq!(bus(&["log", source, "--around", "nobody"], "").code, 1);
        assert_eq!(seconds(&["-n", "2"]), ["29", "30"]);
        assert_eq!(seconds(&["-n", "0"]).len(), 0);
        assert_eq!(seconds(&["-n", "2", "before:2026-11-22T06:14:20Z"]), ["18", "19"]);
    });
}

#[test]
fn a_duration_finds_the_events_that_end_something() {
    with_both(&calls(), |source| {
        let ids = |arguments: &[&str]| {
            let out = bus(&[&["log", source], arguments].concat(), "").out;
            let id = |line: &str| line.split_once("\"tool_use_id\":\"").unwrap().1[..1].to_owned();
            out.lines().map(id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&["dur:>1s", "kind:tool_call"]), ["a", "b"]);
        assert_eq!(ids(&["dur:>1s", "dur:<5s", "kind:tool_call"]), ["a"]);
        assert_eq!(ids(&["dur:>0s", "kind:tool_call", "error"]), ["b"]);
        assert_eq!(ids(&["dur:>0s", "kind:tool_call", "-n", "1"]), ["b"]);
        let ran = bus(&["log", source, "dur:>5s", "kind:tool_call", "--width", "120"], "");
        assert!(ran.out.contains(" 7.0 s {"), "{}", ran.out);
    });
}

/// Six calls, of which each begins and ends in a second of its own.
fn six_calls() -> String {
    let call = |n: u32| {
        let data = format!(r#"{{"tool_use_id":"{n}","tool_name":"grep"}}"#);
        line("tool_call_started", 2 * n, "exec-a", &data)
            + &line("tool_call_completed", 2 * n + 1, "exec-a", &data)
    };
    (1..=6).map(call).collect()
}

#[test]
fn the_last_of_the_events_with_a_duration_are_the_last_in_both_sources() {
    with_both(&six_calls(), |source| {
        let ran = bus(&["log", source, "dur:>0s", "-n", "2"], "");
        assert_eq!(ran.out.lines().count(), 2);
        assert!(ran.out.contains(r#""tool_use_id":"5""#) && ran.out.contains(r#""tool_use_id":"6""#));
    });
}

#[test]
fn a_duration_goes_by_the_scope_and_by_the_names_of_kinds_that_were() {
    with_both(&calls(), |source| {
        let code = |words: &[&str]| bus(&[&["log", source, "dur:>1s"], words].concat(), "").code;
        assert_eq!(code(&["execution:exec-a", "node:plan", "stream:api"]), 0);
        for word in ["execution:exec-b", "node:other", "stream:other", "-execution:exec-a"] {
            assert_eq!(code(&[word]), 1, "{word}");
        }
        // The pairs of other executions are not read, so what they lack is not told.
        let ran = bus(&["query", source, "--p50", "execution:exec-a"], "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    });
}

#[test]
fn damage_is_told_where_an_event_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("not json\n{}", session());
    let path = file(folder.path(), "run.jsonl", lines.as_bytes());
    let path = path.to_str().unwrap();
    let (known, unknown) = ("00c0ffee00c0ffee-3", "00c0ffee00c0ffee-77");
    let calls: [(&[&str], usize); 7] = [
        (&["show", path, known], 1),
        (&["show", path, unknown], 0),
        (&["show", path, known, "--payload"], 1),
        (&["show", path, unknown, "--payload"], 0),
        (&["show", path, known, "--why"], 1),
        (&["log", path, "--around", known], 4),
        (&["log", path, "--around", unknown], 0),
    ];
    for (call, count) in calls {
        let ran = bus(call, "");
        assert_eq!((ran.code, ran.out.lines().count()), (3, count), "{call:?}: {}", ran.out);
        assert!(ran.err.starts_with("! 1 line is no event: line 1: "), "{call:?}: {}", ran.err);
    }
}

#[test]
fn a_gap_is_told_where_the_event_that_is_looked_for_may_have_been() {
    let folder = tempfile::tempdir().unwrap();
    let path = &*with_gap(folder.path());
    let id = "0000000000000007-2";
    let calls: [&[&str]; 5] = [
        &["show", path, id],
        &["show", path, id, "--payload"],
        &["show", path, id, "--why"],
        &["log", path, "--around", id],
        &["log", path, "dur:>1s", "-n", "1"],
    ];
    for call in calls {
        let ran = bus(call, "");
        assert_eq!((ran.code, ran.err.as_str()), (3, ""), "{call:?}");
        assert_eq!(ran.out.lines().count(), 1, "{call:?}: {}", ran.out);
        assert!(ran.out.starts_with(r#"{"gap":"#), "{call:?}: {}", ran.out);
    }
}

#[test]
fn runs_of_deltas_are_one_row_for_a_person() {
    let delta = |second: u32, node: &str| {
        let line = line("llm_text_delta", second, "exec-a", r#"{"content":"x","snapshot":"x"}"#);
        line.replace("\"plan\"", &format!("\"{node}\""))
    };
    let lines = delta(1, "plan")
        + &delta(2, "plan")
        + &delta(3, "write")
        + &line("asked", 4, "exec-a", "{}")
        + &delta(5, "plan")
        + &delta(6, "plan")
        + &delta(7, "plan");
    with_both(&lines, |source| {
        let rows = |arguments: &[&str]| {
            let ran = bus(&[&["log", source, "--width", "120"], arguments].concat(), "");
            let kind = |row: &str| row[21..].split("  ").next().unwrap().trim().to_owned();
            ran.out.lines().map(kind).collect::<Vec<_>>()
        };
        assert_eq!(rows(&[]), ["×2 llm_text_delta", "llm_text_delta", "asked", "×3 llm_text_delta"]);
        assert_eq!(rows(&["--deltas"]).len(), 7);
        assert_eq!(bus(&["log", source], "").out.lines().count(), 7, "a program gets each line");
        let tree = bus(&["show", source, "exec-a", "--width", "120"], "").out;
        assert!(tree.contains("×2 llm_text_delta") && tree.contains("×3 llm_text_delta"), "{tree}");
    });
}

#[test]
fn colours_are_as_asked_for() {
    let has = |environment: &[(&str, &str)], arguments: &[&str]| {
        let words = [&["log", "-", "--width", "100"], arguments].concat();
        bus_with(environment, &words, &session()).out.contains("\u{1b}[")
    };
    let without = ("NO_COLOR", "1");
    assert!(has(&[], &["--color", "always"]) && has(&[without], &["--color", "always"]), "asked for by name");
    for (environment, arguments) in
        [(&[][..], &["--color", "never"][..]), (&[], &["--color", "auto"]), (&[], &[]), (&[without], &[])]
    {
        assert!(!has(environment, arguments), "no terminal: {arguments:?}");
    }
    assert_eq!(bus(&["log", "-", "--color", "red"], "").code, 2);
}
