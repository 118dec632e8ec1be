//! Folders that a process may not write, as a user who is not the superuser.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use bus_core::store::Store;
use bus_journal::{Journal, OpenError};

use crate::child::{child, path_of};
use crate::support::{Place, answer, bus, events, lines, record, steps};

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs only in a child, which must not write the folder of a journal.
#[test]
fn reading_child() {
    let Some(path) = path_of("folder::reading_child") else { return };
    let error = Journal::open(&path).unwrap_err();
    assert!(matches!(&error, OpenError::Io(_)), "{error:?}");
    println!("writing: {error}");
    match Journal::read(&path) {
        Ok(reader) => println!("events: {}", answer(reader.query().oldest_first()).len()),
        Err(error) => println!("reading: {error}"),
    }
}

/// The output of a child without rights that opens a journal.
fn ask(place: &Place) -> String {
    let (program, outside) = (std::env::current_exe().unwrap(), Place::new());
    let mut command = child("folder::reading_child", &place.path(), &[&program]);
    if fs::metadata(place.folder()).unwrap().uid() == 0 {
        // The superuser may write everywhere, and others may not run its programs everywhere. The
        // copy is made by another process: a child that begins meanwhile would hold it open.
        let copy = outside.folder().join("reading");
        assert!(Command::new("cp").arg(&program).arg(&copy).status().unwrap().success());
        for path in [outside.folder(), &copy] {
            allow(path, 0o755);
        }
        let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(Path::new);
        command = child("folder::reading_child", &place.path(), &[&words[..], &[&copy]].concat());
        command.current_dir("/");
    }
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    text
}

#[test]
fn a_folder_that_is_read_only_is_an_error_for_writers_and_readers() {
    let (place, bus) = (Place::new(), bus());
    steps(&bus, 0..5);
    let journal = place.open();
    record(&journal, &bus);
    let (folder, path) = (place.folder().to_owned(), place.path());
    for end in ["", "-wal", "-shm", "-mark", "-lock"] {
        allow(&place.beside(end), 0o444);
    }
    allow(&folder, 0o555);
    // While a writer is at work it can be read.
    let text = ask(&place);
    assert!(text.contains("in it cannot be written (Permission denied"), "{text}");
    assert!(text.contains("make both writable, or open the journal with `Journal::read`"), "{text}");
    assert!(text.contains("events: 5"), "{text}");

    journal.end().unwrap();
    allow(&folder, 0o755);
    drop(journal);
    allow(&folder, 0o555);
    let text = ask(&place);
    assert!(
        text.contains("reading: ") && text.contains(&format!("make the folder {}", folder.display())),
        "{text}"
    );
    allow(&folder, 0o755);
    allow(&path, 0o644);
    for end in ["-mark", "-lock"] {
        allow(&place.beside(end), 0o644);
    }
    assert_eq!(answer(place.open().query().oldest_first()), lines(&events(&bus)));
}
