//! The tasks `docs` and `check`, over the definitions that are linked into this program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bus_docs::{Catalog, Format, Outcome, Project};
use serde_json::{Value, json};

/// Names the task that this program runs when a test starts it again, to read what it prints.
const TASK: &str = "BUS_DOCS_TASK";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("tasks")
}

fn project() -> Project {
    Project::new("Linked").root(folder()).out("events").sources(["sources"])
}

/// Runs a task of the project in a process of its own. Returns whether it succeeded, and what it
/// has printed.
fn printed(task: &str) -> (bool, String) {
    fs::create_dir_all(folder().join("sources")).unwrap();
    let mut program = Command::new(std::env::current_exe().unwrap());
    let output = program.args(["tasks::task", "--exact", "--nocapture"]).env(TASK, task).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Does nothing but in the process that `printed` starts.
#[test]
fn task() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (name, words) = task.split_once(' ').unwrap_or((&task, ""));
    let words = words.split_whitespace().map(Into::into);
    match name {
        "docs" => project().docs(words),
        _ => project().check(words),
    }
    .unwrap();
}

#[test]
fn docs_names_each_field_without_a_schema_and_how_to_give_it_one() {
    let (done, text) = printed("docs --only catalog");
    assert!(done, "{text}");
    let line = "unknown: `opaque` of `build_started` has no type for other languages: \
        derive `schemars::JsonSchema` for `Opaque`";
    assert!(text.contains(line), "{text}");
    assert!(!text.contains("`level` of"), "a field with a schema is named: {text}");
    assert!(text.contains("events in "), "{text}");
}

#[test]
fn check_reports_a_change_inside_a_field_with_its_path_and_whom_it_breaks() {
    // The release before had a member `gone` in a type that fields of several events have.
    let catalog = Catalog::linked("Linked").unwrap();
    let mut before: Value =
        serde_json::from_str(&Format::named("catalog").unwrap().render(&catalog)["catalog.json"]).unwrap();
    let usage = &mut before["types"]["Usage"];
    usage["properties"]["gone"] = json!({ "type": "integer" });
    usage["required"].as_array_mut().unwrap().push(json!("gone"));
    fs::create_dir_all(folder()).unwrap();
    fs::write(folder().join("before.json"), before.to_string()).unwrap();

    let (done, text) = printed(&format!("check --against {}", folder().join("before.json").display()));
    assert!(!done, "{text}");
    let line = text.lines().find(|line| line.contains(".gone` is gone"));
    let line = line.unwrap_or_else(|| panic!("not reported: {text}"));
    assert!(line.contains(".usage.") && line.contains("eaders ") && line.contains("emitters "), "{line}");
    assert!(text.contains("break code that reads or emits events"), "{text}");
}

#[test]
fn a_wrong_argument_of_a_task_is_named() {
    for found in [project().docs(["--form".into()]), project().check(["--blessed".into()])] {
        let Err(Outcome::Usage(text)) = found else { panic!("accepted") };
        assert!(text.contains("--form") || text.contains("--blessed"), "{text}");
    }
    let found = project().docs(["--only".into(), "pythn".into()]);
    assert!(matches!(&found, Err(Outcome::Usage(text)) if text.contains("pythn") && text.contains("python")));
}
