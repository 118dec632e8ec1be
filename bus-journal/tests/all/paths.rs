//! Paths: odd names, links, and files that are no journals or are replaced.

use std::fs;
use std::path::PathBuf;

use bus_core::store::Store;
use bus_journal::{Journal, OpenError, Retention};

use crate::support::{Place, answer, bus, events, lines, record, run_of, steps, write};

/// The text of the error of a writer and of a reader.
fn errors(path: &PathBuf) -> [String; 2] {
    [Journal::open(path).unwrap_err(), Journal::read(path).unwrap_err()].map(|error| {
        assert!(matches!(error, OpenError::Io(_)), "{error:?}");
        error.to_string()
    })
}

#[test]
fn a_path_that_names_no_file_is_refused_and_nothing_is_made() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let missing = place.folder().join("none").join("run.db");
    let long = place.folder().join("n".repeat(120)).join("n".repeat(200));
    fs::create_dir(long.parent().unwrap()).unwrap();
    let before = fs::read_dir(place.folder()).unwrap().count();
    let cases = [
        (place.path(), "is a folder: name a file in it"),
        (missing, "does not exist: make it first"),
        (PathBuf::new(), "the path names no file"),
        (place.path().join(".."), "is a folder"),
        (PathBuf::from("a\0b"), "NUL byte"),
        (long.join("n".repeat(255)), "does not exist: make it first"),
    ];
    for (path, text) in cases {
        for error in errors(&path) {
            assert!(error.contains(text), "{}: {error}", path.display());
        }
    }
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), before);
    fs::create_dir(&long).unwrap();
    for error in errors(&long.join("n".repeat(200))) {
        assert!(error.contains("longer than 500 bytes"), "{error}");
    }
}

#[test]
fn a_name_is_taken_to_the_letter() {
    let place = Place::new();
    let names = [":memory:", "file:run.db?mode=memory", "a b'\"%20?#&é\u{1F980}", "-wal", "x\ny", "NUL:"];
    for name in names {
        let path = place.folder().join(name);
        let (journal, bus) = (Journal::open(&path).unwrap(), bus());
        steps(&bus, 0..3);
        record(&journal, &bus);
        journal.end().unwrap();
        drop(journal);
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name:?}");
        let journal = Journal::open(&path).unwrap();
        assert!(journal.report().is_clean(), "{name:?}: {}", journal.report());
        let reader = Journal::read(&path).unwrap();
        assert_eq!(answer(reader.query().oldest_first()), lines(&events(&bus)), "{name:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_and_a_device() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new();
    let path = place.folder().join(std::ffi::OsStr::from_bytes(b"run \xff.db"));
    drop(Journal::open(&path).unwrap());
    assert!(Journal::read(&path).unwrap().check().unwrap().is_clean());
    for error in errors(&PathBuf::from("/dev/null")) {
        assert!(error.contains("is no regular file: choose another path"), "{error}");
    }
}

/// How many locks this process has on a file, by the list of the system.
#[cfg(target_os = "linux")]
fn locks(path: &std::path::Path) -> usize {
    use std::os::unix::fs::MetadataExt;

    let (device, file) = fs::metadata(path).map(|file| (file.dev(), file.ino())).unwrap();
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xf_ff00);
    let file = format!(" {major:02x}:{minor:02x}:{file} ");
    let list = fs::read_to_string("/proc/locks").unwrap();
    let pid = format!(" {} ", std::process::id());
    list.lines().filter(|line| [" POSIX ", &pid, &file].iter().all(|part| line.contains(part))).count()
}

#[cfg(target_os = "linux")]
#[test]
fn the_locks_of_sqlite_are_kept() {
    let (place, bus) = (Place::in_memory(), bus());
    steps(&bus, 0..20);
    let journal = place.open();
    record(&journal, &bus);
    assert_eq!(locks(&place.path()), 1);
    let reader = Journal::read(place.path()).unwrap();
    assert_eq!(answer(reader.query()).len(), 20);
    drop((reader, Journal::open(place.path()).unwrap_err()));
    journal.check().unwrap();
    journal.retain(Retention::all().max_events(10)).unwrap();
    journal.end().unwrap();
    assert_eq!(locks(&place.path()), 1, "somebody has opened and closed the file");
    drop((fs::File::open(place.path()).unwrap(), ()));
    assert_eq!(locks(&place.path()), 0);
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_same_journal() {
    let (place, other) = (Place::new(), Place::new());
    std::os::unix::fs::symlink(place.path(), other.path()).unwrap();
    for error in errors(&other.path()) {
        assert!(error.contains("is a link to nothing"), "{error}");
    }
    let journal = place.open();
    let error = Journal::open(other.path()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert_eq!(Journal::read(other.path()).unwrap().path(), journal.path());
    // The folder of the link has nothing but the link.
    assert_eq!(fs::read_dir(other.folder()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_replaced_or_removed_is_noticed() {
    for replaced in [true, false] {
        let (place, other, bus) = (Place::new(), Place::new(), bus());
        steps(&bus, 0..20);
        drop(other.open());
        let journal = place.open();
        journal.begin(run_of(&bus)).unwrap();
        write(&journal, &events(&bus)[..7]);
        let reader = Journal::read(place.path()).unwrap();
        assert_eq!(answer(reader.query().oldest_first()).len(), 7);
        let aside = place.folder().join("aside");
        fs::rename(place.path(), &aside).unwrap();
        if replaced {
            fs::copy(other.path(), place.path()).unwrap();
        }
        let text = "was replaced or removed while it was open: close the journal and open it again";
        let entries: Vec<_> = events(&bus)[7..].iter().cloned().map(bus_core::store::Entry::Event).collect();
        let errors = [
            journal.write(&entries).unwrap_err().to_string(),
            journal.retain(Retention::all()).unwrap_err().to_string(),
            journal.query().page().unwrap_err().to_string(),
            reader.query().page().unwrap_err().to_string(),
            reader.check().unwrap_err().to_string(),
            journal.end().unwrap_err().to_string(),
        ];
        for error in errors {
            assert!(error.contains(text), "{error}");
        }
        // Once it is back, nothing is missing that was acknowledged.
        fs::rename(&aside, place.path()).unwrap();
        assert_eq!(answer(reader.query().oldest_first())[..7], lines(&events(&bus))[..7]);
    }
}
