//! Any text as a catalogue file: no panic, the same catalogue after writing and reading it again,
//! and no difference from itself.
#![no_main]

use bus_docs::Catalog;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(mut catalogue) = Catalog::from_json(text) else { return };
    let written = catalogue.to_json();
    let again = Catalog::from_json(&written);
    assert_eq!(again.as_ref().map(Catalog::to_json), Ok(written));
    if let Ok(again) = again {
        assert!(bus_docs::compare(&catalogue, &again).is_empty());
        // One event removed, one added.
        catalogue.events.truncate(again.events.len() / 2);
        drop((bus_docs::compare(&catalogue, &again), bus_docs::compare(&again, &catalogue)));
    }
});
