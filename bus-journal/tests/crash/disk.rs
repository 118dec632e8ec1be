//! Disks that are full, and writes and syncs that fail.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bus_core::store::{NotRecorded, StoreError};
use bus_core::{EventBus, Since};
use bus_journal::{Journal, OpenError, Retention};
use serde_json::json;

use crate::child::{Recording, child, ids, library, path_of};
use crate::kill::{assert_there, cursors};
use crate::support::{Place, answer, events, lines};

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_recording_goes_on() {
    let mut refused_batches = 0;
    for call in 1..110 {
        let (place, case) = (Place::in_memory(), format!("full at call {call}"));
        drop(place.open());
        let fault = format!("space:{call}:9");
        // A batch that is refused makes one call: more batches than that are left when it begins.
        let lines = Recording::of_batches(&place.path(), 20, &[("BUS_FAULT", &fault)]).lines();
        let stored = ids(&lines, "stored ");
        assert_there(&stored, &cursors(&place.open(), Since::Beginning, &case), &case);
        let lost: Vec<_> = lines.iter().filter(|line| line.starts_with("lost ")).collect();
        assert!(lost.iter().all(|line| line.ends_with(" Full")), "{case}: {lost:?}");
        refused_batches += lost.len();
        let started = !lines.iter().any(|line| line.starts_with("refused "));
        if started && call < 60 {
            let newest = lines.iter().rev().find(|line| !line.starts_with("end")).unwrap();
            assert!(newest.starts_with("stored "), "{case}: it did not go on: {lines:?}");
        }
    }
    assert!(refused_batches > 20, "only {refused_batches} batches were refused");
}

#[test]
fn a_failed_write_acknowledges_nothing() {
    for call in 1..110 {
        let (place, case) = (Place::in_memory(), format!("call {call} fails"));
        drop(place.open());
        let fault = format!("write:{call}:2");
        let lines = Recording::of_batches(&place.path(), 12, &[("BUS_FAULT", &fault)]).lines();
        let journal = place.open();
        assert_there(&ids(&lines, "stored "), &cursors(&journal, Since::Beginning, &case), &case);
    }
}

#[test]
fn after_a_failed_sync_nothing_more_is_acknowledged() {
    let (mut at_end, mut unsynced) = (0, 0);
    for call in 1.. {
        let (place, case) = (Place::in_memory(), format!("sync {call} fails"));
        drop(place.open());
        let fault = format!("sync:{call}:1");
        let lines = Recording::of_batches(&place.path(), 8, &[("BUS_FAULT", &fault)]).lines();
        let has_failed = |line: &String| line.starts_with("end Err(") || !line.starts_with("stored ");
        let Some(failed) = lines.iter().position(has_failed).filter(|at| lines[*at] != "end Ok(())") else {
            // SQLite drops the error when it syncs the folder.
            if call == 3 {
                continue;
            }
            assert!(call > 12, "only {call} syncs");
            break;
        };
        assert!(lines[failed..].iter().all(|line| !line.starts_with("stored ")), "{case}: {lines:?}");
        let reader = Journal::read(place.path()).unwrap();
        let found = cursors(&reader, Since::Beginning, &case);
        assert_there(&ids(&lines, "stored "), &found, &case);
        // SQLite has the commit whose sync failed all the same.
        let lost = ids(&lines, "lost ").into_iter().filter(|id| found.contains(id));
        let lost = lost.count();
        assert!(lost == 0 || lost == 3, "{case}: part of a batch");
        unsynced += lost;
        drop(reader);
        // In this boot nobody writes to this file again.
        let before = ["", "-wal", "-mark"].map(|end| std::fs::read(place.beside(end)).ok());
        let error = Journal::open(place.path()).unwrap_err();
        assert!(matches!(&error, OpenError::Io(_)), "{case}: {error}");
        assert!(error.to_string().contains("restart the machine"), "{case}: {error}");
        let after = ["", "-wal", "-mark"].map(|end| std::fs::read(place.beside(end)).ok());
        assert!(before == after, "{case}: a file was changed");
        at_end += usize::from(lines[failed].starts_with("end "));
    }
    assert!(unsynced > 0, "a commit whose sync failed is gone");
    assert!(at_end > 0, "a checkpoint and the mark are synced at the end");
}

/// The bytes of a small disk.
const DISK: usize = 2 << 20;

/// Runs only in a child, which is given a folder on a disk that is full soon.
#[tokio::test]
async fn small_disk_child() {
    let Some(folder) = path_of("disk::small_disk_child") else { return };
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![0; DISK / 2]).unwrap();
    let journal = Journal::open(folder.join("run.db")).unwrap();
    let bus = EventBus::builder().history(10_000).store(journal.clone()).build().unwrap();
    let handled = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&handled);
    let _count = bus.subscribe_any().handle_sync(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let desk = bus.stream("desk");
    let big = || desk.emit_dynamic("big", json!({ "text": "x".repeat(4_000) }));
    let mut recorded = 0;
    while big().await.recorded().is_ok() {
        recorded += 1;
    }
    assert!(recorded > 20, "only {recorded} events fit");
    // The bus goes on, and the journal can be read.
    for _ in 0..20 {
        assert_eq!(big().await.recorded(), Err(NotRecorded::Full));
    }
    assert_eq!(handled.load(Ordering::Relaxed), recorded + 21);
    assert_eq!(answer(journal.query().oldest_first()).len() as u64, recorded);
    // Deleting needs space too.
    assert_eq!(journal.retain(Retention::all().max_events(1)).unwrap_err(), StoreError::Full);
    std::fs::remove_file(ballast).unwrap();
    // With space again the next event comes behind the gap.
    assert_eq!(big().await.recorded().map(drop), Ok(()));
    bus.close(Duration::from_mins(1)).await;

    let mut expected = lines(&events(&bus));
    let lost = usize::try_from(recorded).unwrap();
    expected.splice(lost..lost + 21, [format!("Full {}..{} Some(21)", recorded + 1, recorded + 21)]);
    assert_eq!(answer(journal.query().oldest_first()), expected);
    assert!(journal.check().unwrap().damage.is_empty());
    println!("the disk was full behind {recorded} events");
}

fn assert_was_full(mut command: Command) {
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && text.contains("the disk was full"), "{text}{errors}");
}

/// A folder with a quota, which works everywhere.
#[test]
fn a_folder_that_is_full_leaves_a_gap_and_recording_goes_on() {
    let place = Place::in_memory();
    let program = std::env::current_exe().unwrap();
    let mut command = child("disk::small_disk_child", place.folder(), &[&program]);
    let quota = format!("{DISK}:{}", place.folder().display());
    command.env("LD_PRELOAD", library()).env("BUS_QUOTA", quota);
    assert_was_full(command);
}

/// A file system of its own, where the system allows to mount one.
#[test]
fn a_disk_that_is_full_leaves_a_gap_and_recording_goes_on() {
    let place = Place::in_memory();
    let mounted = |program: &Path| {
        let mount = format!("mount -t tmpfs -o size={DISK} none \"$0\" && exec \"$@\"");
        let words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &mount].map(Path::new);
        child("disk::small_disk_child", place.folder(), &[&words[..], &[place.folder(), program]].concat())
    };
    let may_mount = mounted(Path::new("true")).output().is_ok_and(|done| done.status.success());
    if may_mount {
        assert_was_full(mounted(&std::env::current_exe().unwrap()));
    } else {
        println!("this system lets nobody mount a disk: the quota of a folder stands for it");
    }
}
