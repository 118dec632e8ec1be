//! Any text as a catalogue file: no panic, and what was read can be compared with itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(catalogue) = bus_docs::Catalog::from_json(text) {
        let written = catalogue.to_json();
        let again = bus_docs::Catalog::from_json(&written).map(|again| again.to_json());
        assert_eq!(again, Ok(written));
    }
});
