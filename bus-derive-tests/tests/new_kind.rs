//! A new kind needs its variant and nothing else: the test adds one to a definition file in a
//! scratch crate, and finds it in the helpers, the registry, JSON, the stats and history. (The
//! match that it breaks is `fail/use/match_misses_one`.)
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

/// A whole program. `/* variant */`, `/* arm */` and `/* use */` mark where a test adds code.
const PROGRAM: &str = include_str!("files/scratch.rs");

const VARIANT: &str =
    "/// A target was left out.\n TargetSkipped { target: String, reason: Option<String> },";
const ARM: &str = "BuildEventsRef::TargetSkipped(event) => &event.target,";
const USE: &str = r#"
    build.emit_target_skipped("lib").reason("fresh").await;
    let skipped = bus.catalogue().get("target_skipped").unwrap();
    assert_eq!((skipped.name, skipped.docs, skipped.fields.len()), ("TargetSkipped", "A target was left out.", 2));
    let event = bus.history().kinds(["target_skipped"]).collect().remove(0);
    let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
    assert_eq!(json["data"], serde_json::json!({ "target": "lib", "reason": "fresh" }));
    assert_eq!(bus.read_json(&event.to_json()).unwrap().payload::<TargetSkipped>().unwrap().target, "lib");
    assert_eq!(bus.stats().published["target_skipped"], 1);
    assert_eq!(name(&event.typed::<BuildEvents>().unwrap()), "lib");
"#;

fn scratch(name: &str, parts: &[(&str, &str)]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let program = parts.iter().fold(PROGRAM.to_owned(), |text, (place, part)| text.replace(place, part));
    std::fs::write(&path, program).unwrap();
    path
}

#[test]
fn a_variant_is_all_that_a_new_kind_costs() {
    let tests = trybuild::TestCases::new();
    tests.pass(scratch("before.rs", &[]));
    tests.pass(scratch("after.rs", &[("/* variant */", VARIANT), ("/* arm */", ARM), ("/* use */", USE)]));
}
