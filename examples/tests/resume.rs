//! `research_desk --resume`: going on after a crash or Ctrl-C.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(unix)]

mod support;

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use bus_agent::{ToolCallCompleted, ToolCallStarted};
use bus_core::{ExecutionState, ReadEvent};
use bus_journal::{Item, Journal};
use support::model::{Behaviour, Model};
use support::{Ended, Running, birds, program, run, start};

const QUESTIONS: [&str; 2] = ["Where do swifts sleep?", "What do penguins eat?"];
const ANSWERS: [&str; 2] =
    ["Swifts sleep while they fly. [birds.md:3]", "Penguins swim in it and eat krill. [sea.txt:1]"];

/// A journal that does not exist yet, and the folder that the questions are about.
struct Desk {
    folder: tempfile::TempDir,
    records: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: birds(), records: tempfile::tempdir().unwrap() }
    }

    fn journal(&self) -> PathBuf {
        self.records.path().join("run.db")
    }

    fn ask(&self, questions: &[&str]) -> Running {
        let (journal, folder) = (self.journal(), self.folder.path());
        let mut words = vec!["--journal", journal.to_str().unwrap(), folder.to_str().unwrap()];
        words.extend(questions);
        start("research_desk", &words)
    }

    fn resume(&self) -> Running {
        start("research_desk", &["--resume", "--journal", self.journal().to_str().unwrap()])
    }

    /// Makes the journal of a run that ended behind these events.
    fn record<'a>(&self, events: impl Iterator<Item = &'a ReadEvent>) {
        let journal = Journal::open(self.journal()).unwrap();
        journal.import(events.cloned().map(Ok)).unwrap();
    }

    /// The recorded events; none if the process ended before it had a journal.
    fn events(&self) -> Vec<ReadEvent> {
        let Ok(journal) = Journal::read(self.journal()) else { return Vec::new() };
        let items = journal.query().oldest_first().items().map(Result::unwrap);
        let event = |item| if let Item::Event(event) = item { Some(event.read().unwrap()) } else { None };
        items.filter_map(event).collect()
    }

    /// Each execution ended once, and no call that has a result was made again.
    #[track_caller]
    fn check(&self, when: &str) {
        let (mut steps, mut inputs, mut made) = (BTreeMap::new(), BTreeMap::new(), HashSet::new());
        for event in self.events() {
            let Some(execution) = event.scope().execution().map(str::to_owned) else { continue };
            if let Some(call) = event.payload::<ToolCallStarted>() {
                let call = (call.tool_use_id.clone(), format!("{} {:?}", call.tool_name, call.tool_input));
                let earlier = inputs.insert(call.0, call.1);
                assert_eq!(earlier, None, "{when}: an id is used twice");
            } else if let Some(end) = event.payload::<ToolCallCompleted>() {
                let call = inputs[&end.tool_use_id].clone();
                assert!(made.insert((execution.clone(), call)), "{when}: made twice: {event:?}");
            }
            let (begun, ended) = steps.entry(execution).or_insert((0, 0));
            *begun += u32::from(event.kind() == "execution_started");
            *ended += u32::from(matches!(event.kind(), "execution_completed" | "execution_failed"));
        }
        assert!(steps.values().all(|steps| *steps == (1, 1)), "{when}: begun and ended {steps:?}");
        if let Ok(journal) = Journal::read(self.journal()) {
            let executions = journal.executions().unwrap();
            let all = executions.iter().all(|execution| execution.state == ExecutionState::Completed);
            assert!(all, "{when}: {executions:?}");
        }
    }
}

fn random(below: usize) -> usize {
    usize::try_from(RandomState::new().build_hasher().finish() % below as u64).unwrap()
}

#[test]
fn each_question_ends_once_wherever_the_desk_is_stopped() {
    let whole = Desk::new();
    let lines = whole.ask(&QUESTIONS).end().ok().lines().count();
    whole.check("not stopped");
    for round in 0..10 {
        let (desk, first, second) = (Desk::new(), random(lines), random(lines));
        let when = format!("round {round}, stopped after {first} and {second} lines");
        let stop = |mut running: Running, after: usize| {
            running.read_lines(after);
            if round % 2 == 0 {
                running.kill();
            } else {
                running.interrupt();
            }
            running.end()
        };
        stop(desk.ask(&QUESTIONS), first);
        if !desk.journal().exists() {
            continue; // nothing had begun
        }
        let before = desk.events().iter().filter(|event| event.kind() == "execution_started").count();
        stop(desk.resume(), second);
        let last = desk.resume().end();
        assert_eq!(last.code, Some(0), "{when}: {last:?}");
        desk.check(&when);
        let ended = |event: &&ReadEvent| event.kind() == "execution_completed";
        let answers: Vec<_> =
            desk.events().iter().filter(ended).map(|event| event.data().to_string()).collect();
        assert_eq!(answers.len(), before, "{when}");
        let known = |answer: &String| ANSWERS.iter().any(|sentence| answer.contains(sentence));
        assert!(answers.iter().all(known), "{when}: {answers:?}");
    }
}

#[test]
fn each_question_ends_once_behind_each_event() {
    let whole = Desk::new();
    whole.ask(&QUESTIONS).end().ok();
    let events = whole.events();
    // All of them take long: each run of the test takes others.
    let first = random(6);
    println!("crashes behind event {first} and every sixth after it");
    for last in (first..events.len()).step_by(6) {
        let desk = Desk::new();
        desk.record(events[..=last].iter());
        desk.resume().end().ok();
        desk.check(&format!("crashed behind event {last}"));
    }
}

/// A run that crashed behind its first event of this kind, node and text.
fn crashed(whole: &Desk, kind: &str, node: Option<&str>, text: &str) -> Desk {
    let events = whole.events();
    let is_last = |event: &&ReadEvent| {
        event.kind() == kind && event.scope().node() == node && event.data().to_string().contains(text)
    };
    let last = events.iter().find(is_last).unwrap().seq();
    let desk = Desk::new();
    desk.record(events.iter().filter(|event| event.seq() <= last));
    desk
}

#[test]
fn what_was_finished_is_said_and_not_done_again() {
    let whole = Desk::new();
    whole.ask(&QUESTIONS[..1]).end().ok();

    let desk = crashed(&whole, "client_output_delta", Some("write"), "sleep");
    let out = desk.resume().end().ok();
    desk.check("crashed while it wrote");
    let skipped: Vec<&str> =
        out.lines().filter(|line| line.contains("desk.node_skipped ") && line.contains("exec-")).collect();
    assert_eq!(skipped.len(), 2, "{out}");
    assert!(skipped[0].contains("exec-1/research") && skipped[0].ends_with("output=passages"), "{out}");
    assert!(skipped[1].contains("exec-1/analyse") && skipped[1].ends_with("output=findings"), "{out}");
    assert!(out.contains(ANSWERS[0]) && !out.contains("tool_call_started"), "{out}");

    let desk = crashed(&whole, "tool_call_completed", Some("research"), "search");
    let out = desk.resume().end().ok();
    desk.check("crashed behind its first call");
    let skipped: Vec<&str> = out
        .lines()
        .filter(|line| line.contains("desk.tool_call_skipped ") && line.contains("exec-"))
        .collect();
    assert!(skipped.len() == 1 && skipped[0].contains("tool_name=search"), "{out}");
    assert!(out.contains(ANSWERS[0]) && !out.contains("desk.node_skipped"), "{out}");

    // A call without a result is made again, under another id.
    let desk = crashed(&whole, "tool_call_started", Some("research"), "search");
    let out = desk.resume().end().ok();
    desk.check("crashed in its first call");
    assert!(!out.contains("skipped") && out.contains("tool_use_id=call-2 tool_name=search"), "{out}");

    // All nodes are done, and nobody has said so.
    let desk = crashed(&whole, "node_loop_completed", Some("write"), "");
    let out = desk.resume().end().ok();
    desk.check("crashed before its end");
    assert!(!out.contains("node_loop_started") && out.contains(ANSWERS[0]), "{out}");
}

/// Presses Ctrl-C while a model writes the answer, and never stops.
fn interrupted_model(question: &str) -> Desk {
    let (desk, model) = (Desk::new(), Model::start(Behaviour::Endless));
    let (journal, folder, url) = (desk.journal(), desk.folder.path().to_str().unwrap(), model.url());
    let words = ["--llm", &url, "--journal", journal.to_str().unwrap(), folder, question];
    let mut running = start("research_desk", &words);
    running.wait_for("and on");
    running.interrupt();
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let command = format!("-- --resume --journal {}", journal.display());
    assert!(ended.out.contains(&command), "{ended:?}");
    let paused = Journal::read(&journal).unwrap().executions().unwrap();
    assert_eq!(paused[0].state, ExecutionState::Interrupted);
    desk
}

#[test]
fn ctrl_c_pauses_and_names_the_command_that_goes_on() {
    let desk = interrupted_model(QUESTIONS[0]);
    let out = desk.resume().end().ok();
    assert!(out.contains("execution_resumed") && out.contains(ANSWERS[0]), "{out}");
    desk.check("after Ctrl-C");
    // The model of the test looks for swifts only, so nothing is left to answer with.
    let ended = interrupted_model(QUESTIONS[1]).resume().end();
    assert!(ended.complaint(1).contains("a model did the research: go on with --llm URL"), "{ended:?}");
}

#[test]
fn without_an_interrupted_question_nothing_is_done() {
    let desk = Desk::new();
    desk.ask(&QUESTIONS).end().ok();
    let before = desk.events().len();
    let out = desk.resume().end().ok();
    assert_eq!(out, format!("nothing was interrupted in {}\n", desk.journal().display()));
    assert_eq!(desk.events().len(), before);
    // New questions for the same journal are new executions.
    desk.ask(&QUESTIONS[..1]).end().ok();
    desk.check("asked again");
    let executions = Journal::read(desk.journal()).unwrap().executions().unwrap();
    let ids: Vec<_> = executions.iter().map(|execution| execution.id.as_str()).collect();
    assert_eq!(ids.first(), Some(&"exec-3"), "{ids:?}");
}

fn in_folder(records: &Path, words: &[&str]) -> Ended {
    Running::new(program("research_desk").env("TMPDIR", records).args(words)).end()
}

#[test]
fn the_newest_journal_is_the_one_that_goes_on() {
    let (folder, records) = (birds(), tempfile::tempdir().unwrap());
    let ended = in_folder(records.path(), &["--resume"]);
    assert!(ended.complaint(2).contains("to resume: name one with --journal FILE"), "{ended:?}");
    for _ in 0..2 {
        in_folder(records.path(), &[folder.path().to_str().unwrap(), QUESTIONS[0]]).ok();
    }
    let files = std::fs::read_dir(records.path().join("research_desk")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let newest = paths.filter(|path| path.extension().is_some_and(|end| end == "db")).max().unwrap();
    let out = in_folder(records.path(), &["--resume"]).ok();
    assert!(out == format!("nothing was interrupted in {}\n", newest.display()), "{out}");
    let ended = run("research_desk", &["--resume", "--journal", "/no/such/run.db"]);
    assert!(ended.complaint(2).contains("there is no journal /no/such/run.db"), "{ended:?}");
}
