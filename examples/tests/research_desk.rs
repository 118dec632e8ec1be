//! The main example, as its user runs it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::http::{send, whole};
use support::model::{Behaviour, Model};
use support::{Ended, birds, json_lines, run, start};

const SWIFTS: &str = "Where do swifts sleep?";

/// The first keys of every line. Data may have any content, so keys after `data` are hard to find
/// in a text.
const KEYS: [&str; 5] = ["type", "stream_id", "node_id", "execution_id", "data"];

fn desk(folder: &Path, more: &[&str]) -> Ended {
    let mut arguments = vec![folder.to_str().unwrap()];
    arguments.extend(more);
    if !more.contains(&"--journal") {
        arguments.push("--no-journal");
    }
    run("research_desk", &arguments)
}

#[test]
fn the_journal_has_every_event_and_the_commands_that_show_it_are_named() {
    let (folder, records) = (birds(), tempfile::tempdir().unwrap());
    let [journal, lines] = ["new/run.db", "run.jsonl"].map(|name| records.path().join(name));
    let (journal, lines) = (journal.to_str().unwrap(), lines.to_str().unwrap());
    let out = desk(folder.path(), &["--journal", journal, "--json", lines, SWIFTS]).ok();
    assert!(out.contains(&format!("-- executions {journal}\n")), "{out}");
    let mut recorded = Vec::new();
    let reader = bus_journal::Journal::read(journal).unwrap();
    let gaps = reader.query().oldest_first().export(&mut recorded).unwrap();
    assert!(gaps.is_empty(), "{gaps:?}");
    assert_eq!(String::from_utf8(recorded).unwrap(), fs::read_to_string(lines).unwrap());
}

#[test]
fn a_question_gets_a_sentence_with_its_source() {
    let folder = birds();
    let out = desk(folder.path(), &[SWIFTS, "What do penguins eat?"]).ok();
    assert!(out.contains("Swifts sleep while they fly. [birds.md:3]"), "{out}");
    assert!(out.contains("Penguins swim in it and eat krill. [sea.txt:1]"), "{out}");
    for part in ["execution_started", "tool_call_completed", "client_output_delta", "Timeline", "Stats"] {
        assert!(out.contains(part), "no {part} in:\n{out}");
    }
    assert!(!out.contains('\x1b'), "colours in a pipe:\n{out}");
}

#[test]
fn without_arguments_it_asks_about_this_repository() {
    let none: &[&str] = &[];
    let out = run("research_desk", none).ok();
    assert!(out.contains("What happens when a handler panics?"), "{out}");
    assert!(out.contains(".md:") && !out.contains("no answer"), "{out}");
}

#[test]
fn quiet_prints_the_answers_and_nothing_else() {
    let folder = birds();
    let out = desk(folder.path(), &["--quiet", SWIFTS]).ok();
    assert_eq!(out.trim(), format!("{SWIFTS}\n- Swifts sleep while they fly. [birds.md:3]"));
}

#[test]
fn failing_calls_are_retried_and_reported() {
    let folder = birds();
    // No file has all of the words, so the first search fails and a second one uses any of them.
    // The question names the picture, which cannot be read as text.
    let out = desk(folder.path(), &["Is there a portrait of swifts with umbrellas?"]).ok();
    assert!(out.contains("no passage holds all of"), "{out}");
    assert!(out.contains("node_retry"), "{out}");
    assert!(out.contains("portrait.png: stream did not contain valid UTF-8"), "{out}");
    assert!(out.contains("No file speaks of: portrait, umbrellas."), "{out}");
}

#[test]
fn json_has_every_event_in_order() {
    let folder = birds();
    let file = folder.path().join(".events.jsonl");
    desk(folder.path(), &["--json", file.to_str().unwrap(), SWIFTS, "What do penguins eat?"]).ok();
    let lines = fs::read_to_string(file).unwrap();
    for line in lines.lines() {
        let places: Vec<_> = KEYS.iter().map(|key| line.find(&format!("\"{key}\":"))).collect();
        assert!(places.is_sorted() && places[0] == Some(1), "{line}");
    }
    let events = json_lines(&lines);
    assert!(
        events.iter().all(|event| event["timestamp"].is_string() && event.get("correlation_id").is_some())
    );
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    let kinds = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((kinds("execution_started"), kinds("execution_completed")), (2, 2));
    assert_eq!((kinds("node_loop_started"), kinds("node_loop_completed")), (6, 6));
    assert_eq!(kinds("tool_call_started"), kinds("tool_call_completed"));
    assert_eq!(events[0]["type"], "stream_started");
    assert_eq!(events.last().unwrap()["type"], "stream_stopped");
    // The deltas are the words of the answer.
    let said: String =
        of(&events, "exec-1", "client_output_delta").map(|d| d["content"].as_str().unwrap()).collect();
    let answer = of(&events, "exec-1", "execution_completed").next().unwrap()["output"]["answer"].clone();
    assert_eq!(said, answer.as_str().unwrap());
}

/// The data of the events of one kind in one execution.
fn of<'a>(events: &'a [Value], execution: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |e| e["execution_id"] == execution && e["type"] == kind).map(|e| &e["data"])
}

#[test]
fn a_recording_can_be_replayed() {
    let folder = birds();
    let file = folder.path().join(".events.jsonl");
    let file = file.to_str().unwrap();
    desk(folder.path(), &["--quiet", "--json", file, SWIFTS]).ok();
    let lines = fs::read_to_string(file).unwrap().lines().count();
    let out = run("replay", &[file]).ok();
    assert!(out.contains(&format!("{lines} read, 0 lost, 0 out of order, 0 bad lines")), "{out}");
}

#[test]
fn bad_input_is_one_line_and_an_exit_code() {
    let folder = birds();
    let path = folder.path().to_str().unwrap();
    let file = folder.path().join("birds.md");
    for (arguments, code, says) in [
        (&["/no/such/folder", "why?"][..], 2, "cannot open the folder /no/such/folder"),
        (&[file.to_str().unwrap(), "why lag?"], 2, "is not a folder"),
        (&[path], 2, "no question"),
        (&[path, "swifts?", "--colour"], 2, "--colour"),
        (&[path, "swifts?", "--json", "/no/such/folder/x.jsonl"], 1, "cannot write /no/such/folder/x.jsonl"),
        (&[path, "swifts?", "--llm", "https://example.org/v1"], 2, "https is not spoken here"),
        (&[path, "swifts?", "--llm", "http://127.0.0.1:1/v1"], 1, "no answer from http://127.0.0.1:1/v1"),
    ] {
        let ended = run("research_desk", arguments);
        let line = ended.complaint(code);
        assert!(line.starts_with("research_desk: ") && line.contains(says), "{arguments:?}: {line}");
        assert_eq!(ended.out, "", "{arguments:?}");
    }
}

#[test]
fn a_question_without_an_answer_is_reported() {
    let folder = birds();
    let ended = desk(folder.path(), &["--quiet", SWIFTS, "Who repairs umbrellas?"]);
    assert!(ended.complaint(1).contains("nothing in the folder speaks of this question"), "{ended:?}");
    assert!(ended.out.contains("Swifts sleep while they fly."), "{ended:?}");
}

#[test]
fn a_folder_without_text_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.bin"), [0, 255, 0]).unwrap();
    assert!(desk(folder.path(), &[SWIFTS]).complaint(1).contains("holds text"));
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_reported_and_the_rest_answers() {
    let folder = birds();
    std::os::unix::fs::symlink("gone", folder.path().join("link.md")).unwrap();
    let ended = desk(folder.path(), &["--quiet", SWIFTS]);
    assert!(ended.complaint(1).contains("link.md could not be read: No such file"), "{ended:?}");
    assert!(ended.out.contains("Swifts sleep while they fly."), "{ended:?}");
}

#[test]
fn help_explains_the_use() {
    let out = run("research_desk", &["--help"]).ok();
    for word in ["--llm URL", "--json FILE", "--journal FILE", "--quiet", "exit code"] {
        assert!(out.contains(word), "{out}");
    }
}

fn with_model(behaviour: Behaviour, more: &[&str]) -> (Ended, Model) {
    let (folder, model) = (birds(), Model::start(behaviour));
    let url = model.url();
    let mut arguments = vec!["--llm", &url, SWIFTS];
    arguments.extend(more);
    (desk(folder.path(), &arguments), model)
}

#[test]
fn a_model_calls_tools_and_streams_its_answer() {
    let (ended, model) = with_model(Behaviour::Good, &[]);
    let out = ended.ok();
    assert!(out.contains("Swifts sleep while they fly [birds.md:3]."), "{out}");
    assert!(out.contains("llm_reasoning_delta") && out.contains("model=small-1"), "{out}");
    assert!(out.contains("gone.md: No such file"), "{out}");
    let asked = model.asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| request["model"] == "small-1" && request["stream"] == true));
    // The results of the tools are in the next request, and the passages in the last one.
    assert_eq!(asked[1]["messages"][3]["role"], "tool");
    assert!(asked[1]["messages"][4]["content"].as_str().unwrap().starts_with("error: gone.md"));
    assert!(asked[2]["messages"][1]["content"].as_str().unwrap().contains("birds.md:3: Swifts sleep"));
}

#[test]
fn a_busy_model_is_asked_again() {
    let (ended, model) = with_model(Behaviour::BusyAtFirst, &["--model", "mine"]);
    let out = ended.ok();
    assert!(out.contains("node_retry") && out.contains("503: warming up"), "{out}");
    assert_eq!(model.asked.lock().unwrap()[0]["model"], "mine");
}

#[test]
fn a_model_gets_its_mistakes_as_results() {
    let (ended, model) = with_model(Behaviour::Clumsy, &["--quiet"]);
    assert!(ended.ok().contains("Swifts sleep while they fly"));
    let asked = model.asked.lock().unwrap();
    let result = |number: usize| asked[1]["messages"][number]["content"].as_str().unwrap().to_owned();
    assert!(result(3).contains("no tool is called fly") && result(4).contains("no JSON object"));
}

#[test]
fn errors_of_a_model_are_one_line() {
    for (behaviour, says) in [
        (Behaviour::Refusing, "the endpoint answered 404: the model `nil` does not exist"),
        (Behaviour::Cut, "the reply was cut off"),
        (Behaviour::Garbled, "a chunk that is no JSON"),
    ] {
        let (ended, _model) = with_model(behaviour, &["--quiet"]);
        assert!(ended.complaint(1).contains(says), "{behaviour:?}: {ended:?}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_closes_the_bus_in_order() {
    let (folder, model) = (birds(), Model::start(Behaviour::Endless));
    let file = folder.path().join(".events.jsonl");
    let (path, url) = (folder.path().to_str().unwrap(), model.url());
    let mut desk = start(
        "research_desk",
        &["--llm", &url, "--json", file.to_str().unwrap(), path, SWIFTS, "Why penguins?"],
    );
    desk.wait_for("and on");
    desk.interrupt();
    let ended = desk.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.out.contains("Timeline") && ended.out.contains("no answer: interrupted"), "{}", ended.out);
    // The record is complete: everything that began has ended or is paused, and the last line is
    // the last event.
    let events = json_lines(&fs::read_to_string(file).unwrap());
    let kinds = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((kinds("execution_started"), kinds("execution_paused")), (2, 2));
    assert_eq!(kinds("node_loop_started"), kinds("node_loop_completed"));
    assert_eq!(kinds("tool_call_started"), kinds("tool_call_completed"));
    assert_eq!(events.last().unwrap()["type"], "stream_stopped");
}

#[cfg(unix)]
#[test]
fn a_served_desk_takes_further_questions_until_ctrl_c() {
    let folder = birds();
    let path = folder.path().to_str().unwrap();
    let mut desk = start("research_desk", &["--no-journal", "--serve", path, SWIFTS]);
    let line = desk.wait_for("The events are at http://");
    let address =
        line.split(['/', ' ']).find(|word| word.contains(':') && word.contains('.')).unwrap().to_owned();
    desk.wait_for("- Swifts sleep while they fly.");
    let page = whole(send(&address, "GET /", "", ""));
    assert!(page.starts_with("HTTP/1.0 200") && page.contains("<title>"), "{page}");
    let seen = whole(send(&address, "GET /events.json?q=kind:execution_completed", "", ""));
    assert!(seen.contains("Swifts sleep while they fly."), "{seen}");

    let ask = |text: &str| {
        let body = serde_json::json!({ "threadId": "t", "runId": format!("run of {text}"),
            "messages": [{ "id": "1", "role": "user", "content": text }] });
        whole(send(&address, "POST /agui", "Content-Type: application/json\r\n", &body.to_string()))
    };
    let answer = ask("What do penguins eat?");
    assert!(
        answer.contains("Penguins swim in it and eat krill.") && answer.contains("RUN_FINISHED"),
        "{answer}"
    );
    let refused = ask("what is it?");
    assert!(refused.contains("RUN_ERROR") && refused.contains("has no word to search for"), "{refused}");
    desk.wait_for("- Penguins swim in it and eat krill.");
    desk.interrupt();
    let ended = desk.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown = format!("\n{SWIFTS}\n- Swifts sleep while they fly.");
    assert_eq!(ended.out.matches(&shown).count(), 1, "{}", ended.out);
}
