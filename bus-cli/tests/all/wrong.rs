//! Each way to go wrong is one line and an exit code.

use std::io::Write;
use std::path::Path;

use crate::support::{bus, file, line, session};

#[test]
fn damaged_lines_are_counted_and_the_others_are_shown() {
    let last = line("tool_asked", 5, "exec-a", "{}");
    let cut = format!("{}not json\n{last}{{\"type\":\"tool_as", session());
    let ran = bus(&["log", "-"], &cut);
    assert_eq!((ran.code, ran.out.lines().count()), (3, 5));
    assert!(ran.err.starts_with("! 2 lines are no events; the first is line 5: "), "{}", ran.err);
}

#[test]
fn each_way_to_go_wrong_is_one_line_and_a_code() {
    let missing = bus(&["log", "no-such-file.jsonl"], "");
    assert_eq!(missing.code, 4);
    assert!(missing.err.starts_with("bus: `no-such-file.jsonl` cannot be read: "), "{}", missing.err);
    let calls: [(&[&str], i32); 6] = [
        (&["log"], 2),
        (&["lug", "-"], 2),
        (&["log", "-", "--what"], 2),
        (&["log", "-", "kind:x"], 1),
        (&["--help"], 0),
        (&["--version"], 0),
    ];
    for (arguments, code) in calls {
        let ran = bus(arguments, &session());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.lines().count() <= 1, "{arguments:?}: {}", ran.err);
    }
    assert_eq!(bus(&["--version"], "").out, concat!("bus ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_compressed_file_that_ends_early_is_damaged_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(session().repeat(1_000).as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let ran = bus(&["query", file(folder.path(), "cut.gz", &bytes).to_str().unwrap()], "");
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("tool_asked"));
}

/// The names and first bytes of files in formats that no command reads.
fn of_other_formats() -> [(&'static str, Vec<u8>); 4] {
    [
        ("UTF-16", session().encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("packed by bzip2", b"BZh91AY&SY\x9f\x01\n\x80".to_vec()),
        ("packed by xz", b"\xFD7zXZ\0\0\x04\xe6\xd6\n".to_vec()),
        ("packed by zstd", b"\x28\xB5\x2F\xFD\x04\x58".to_vec()),
    ]
}

#[test]
fn a_file_of_another_format_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    file(folder.path(), "run.jsonl", session().as_bytes());
    let recording = path("run.jsonl");
    for (name, bytes) in of_other_formats() {
        file(folder.path(), name, &bytes);
        let source = path(name);
        for call in [
            ["log", &source].as_slice(),
            &["log", &source, "-n", "3"],
            &["log", &source, "-f"],
            &["log", &source, "--around", "some-id"],
            &["show", &source, "some-id"],
            &["executions", &source],
            &["query", &source, "--p50"],
            &["export", &source],
            &["diff", &source, &recording],
            &["diff", &recording, &source],
            &["import", &path("new.db"), &source],
        ] {
            let ran = bus(call, "");
            assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{call:?}: {}", ran.err);
            let says = format!("bus: `{source}`: the file is {name}, not JSON lines in UTF-8: ");
            assert!(ran.err.starts_with(&says), "{call:?}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{call:?}: {}", ran.err);
        }
    }
}

/// Files that are no recording of today. Returns the path of a good one.
fn sources_of_all_sorts(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let events: String = (0..60).map(|n| line(&format!("kind_{n}"), n, "exec-a", "{}")).collect();
    let recording = file(folder, "run.jsonl", events.as_bytes());
    file(folder, "notes.txt", b"not an event\n");
    file(folder, "empty", b"");
    let database = |name: &str| rusqlite::Connection::open(path(name)).unwrap();
    database("foreign.db").execute_batch("CREATE TABLE t (x)").unwrap();
    for journal in ["newer.db", "damaged.db"] {
        assert_eq!(bus(&["import", &path(journal), recording.to_str().unwrap()], "").code, 0);
    }
    database("newer.db").pragma_update(None, "user_version", 9).unwrap();
    let mut bytes = std::fs::read(path("damaged.db")).unwrap();
    bytes.iter_mut().skip(2 * 8192).for_each(|byte| *byte ^= 0x5a);
    file(folder, "damaged.db", &bytes);
    path("run.jsonl")
}

#[test]
fn every_command_says_in_one_line_what_is_wrong_with_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let recording = sources_of_all_sorts(folder.path());

    let no_event = "! 1 line is no event: line 1: not JSON: ";
    let sources = [
        ("missing.db", 4, "` cannot be read: "),
        ("notes.txt", 3, no_event),
        ("foreign.db", 4, "`: the file is not a journal: "),
        ("newer.db", 4, "`: the journal has version 9 and this program knows "),
        ("damaged.db", 3, "`: the journal is damaged here "),
        ("", 4, "cannot be read: "),
        ("empty", 1, ""),
    ];
    let calls: [&[&str]; 8] = [
        &["log"],
        &["log", "-n", "3"],
        &["show"],
        &["executions"],
        &["query"],
        &["query", "--p50"],
        &["export"],
        &["log", "dur:>1s"],
    ];
    for (name, code, says) in sources {
        let source = path(name);
        for call in calls {
            let mut call = [&[call[0], &source], &call[1..]].concat();
            if call[0] == "show" {
                call.push("some-id");
            }
            let ran = bus(&call, "");
            assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{call:?}: {}", ran.err);
            assert!(ran.err.contains(says), "{call:?}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), usize::from(code != 1), "{call:?}: {}", ran.err);
        }
        if ["missing.db", "empty", "damaged.db"].contains(&name) {
            continue;
        }
        // Nothing is written to a file that is no journal of today, nor left beside it.
        for call in [["import", &source, &recording].as_slice(), &["doctor", &source]] {
            let ran = bus(call, "");
            assert_eq!((ran.code, ran.out.as_str()), (4, ""), "{call:?}: {}", ran.err);
            assert!(ran.err.starts_with(&format!("bus: `{source}`: ")), "{call:?}: {}", ran.err);
            assert_eq!(ran.err.lines().count(), 1, "{call:?}: {}", ran.err);
        }
        assert!(name == "newer.db" || !Path::new(&(source + "-lock")).exists(), "{name}");
    }
    assert_eq!(bus(&["doctor", &path("damaged.db")], "").code, 3);
    assert_eq!(bus(&["import", &path("new.db"), &path("missing.jsonl")], "").code, 4);
    assert!(!Path::new(&path("new.db")).exists());
}
