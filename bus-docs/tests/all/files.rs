//! Writing, comparing, and files of removed kinds.

use std::fs;
use std::path::PathBuf;

use bus_docs::{Format, compare_files, write_files};

use super::many::catalog;

/// An empty folder for this test.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn written_files_compare_as_equal() {
    let folder = folder("same");
    let files = Format::named("html").unwrap().render(&catalog(3));
    let done = write_files(&folder, &files).unwrap();
    assert_eq!((done.changed, done.same), (7, 0));
    assert_eq!(write_files(&folder, &files).unwrap().same, 7, "what is right is not touched");
    assert!(compare_files(&folder, &files).unwrap().is_empty());
}

#[test]
fn drift_is_named_with_its_first_line() {
    let folder = folder("drift");
    let files = Format::named("typescript").unwrap().render(&catalog(2));
    assert_eq!(compare_files(&folder, &files).unwrap(), ["events.ts: is missing"]);
    write_files(&folder, &files).unwrap();
    fs::write(folder.join("events.ts"), files["events.ts"].replace("stream_id: string", "stream_id: number"))
        .unwrap();
    let found = compare_files(&folder, &files).unwrap();
    assert_eq!(
        found,
        ["events.ts:6: differs\n    it is      stream_id: number;\n    should be  stream_id: string;"]
    );
}

#[test]
fn files_of_kinds_that_are_no_more_go() {
    let folder = folder("stale");
    let schema = Format::named("schema").unwrap();
    write_files(&folder, &schema.render(&catalog(3))).unwrap();
    fs::write(folder.join("schema/own.schema.json"), "{}").unwrap();
    let fewer = schema.render(&catalog(2));
    let found = compare_files(&folder, &fewer).unwrap();
    assert!(
        found.iter().any(|line| line == "schema/kind_0002.schema.json: belongs to a removed kind"),
        "{found:?}"
    );
    assert_eq!(write_files(&folder, &fewer).unwrap().removed, 1);
    assert!(folder.join("schema/own.schema.json").exists(), "what is not ours stays");
}
