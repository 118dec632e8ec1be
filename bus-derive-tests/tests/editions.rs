//! Definitions in crates of older editions, which have fewer keywords than the generated code.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod project;

use std::path::Path;

const PROGRAM: &str = r#"
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum ImageEvents {
    #[event(ends_with(ImageShown, by(gen)), coalesce(gen))]
    ImageMade { gen: u32, r#type: String },
    ImageShown { gen: u32, #[event(default = 1)] r#async: u32 },
    #[allow(non_camel_case_types)]
    gen { gen: Option<u32> },
}

fn main() {
    let bus = EventBus::new();
    let desk = bus.stream("desk");
    desk.emit_image_made(3, "png").send();
    desk.emit_image_shown(3).r#async(2).send();
    desk.emit_gen().gen(4).maybe_gen(Some(5)).send();
    let events = bus.history().oldest_first().collect();
    assert_eq!(events[0].payload::<ImageMade>().map(|made| made.gen), Some(3));
    assert_eq!(events[0].data(), serde_json::json!({ "gen": 3, "type": "png" }));
    assert_eq!(events[2].kind(), "gen");
    assert_eq!(events[2].data(), serde_json::json!({ "gen": 5 }));
}
"#;

#[test]
fn names_that_are_keywords_of_later_editions_work() {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edition.rs");
    std::fs::write(&source, PROGRAM).unwrap();
    let binaries = ["2018", "2021"].map(|edition| project::Binary {
        name: format!("edition-{edition}"),
        path: source.clone(),
        edition,
    });
    let folder = project::create("editions", &binaries);
    for binary in &binaries {
        let output = project::cargo(&folder, &["run", "--bin", &binary.name]);
        assert!(output.status.success(), "{}: {}", binary.edition, String::from_utf8_lossy(&output.stderr));
    }
}
