//! The useful inputs of fuzzing, again in each test run: `cargo xtask fuzz --keep` writes them.

use std::path::Path;

use crate::event::EventId;
use crate::wire::fuzz;

/// The inputs of a target: a line each, as a JSON string whose characters are the bytes. A crate
/// that was published alone has none.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fuzz/corpus/{target}.jsonl"));
    let Ok(text) = std::fs::read_to_string(file) else { return Vec::new() };
    let input = |line| serde_json::from_str::<String>(line).unwrap();
    text.lines().map(|line| input(line).chars().map(|byte| u8::try_from(byte).unwrap()).collect()).collect()
}

#[test]
fn the_inputs_of_json_lines_hold() {
    for bytes in corpus("json") {
        let shown = bytes.escape_ascii();
        assert!(fuzz::lines(&bytes, 4096).is_ok(), "{shown}");
        assert_eq!(fuzz::bus(&bytes), Ok(()), "{shown}");
        assert_eq!(fuzz::lenient(&bytes), Ok(()), "{shown}");
        if let Ok(text) = std::str::from_utf8(&bytes) {
            assert_eq!(fuzz::timestamp(text), Ok(()), "{shown}");
        }
    }
}

#[test]
fn the_inputs_of_cursors_hold() {
    for bytes in corpus("cursor") {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if let Ok(id) = text.parse::<EventId>() {
            assert_eq!(id.to_string().parse(), Ok(id), "{text}");
        }
    }
}
