//! Any text as a cursor: no panic, and a parsed cursor is written unchanged, or in its one short
//! form.
#![no_main]

use bus_core::EventId;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<EventId>() {
        let written = id.to_string();
        assert_eq!(written.parse::<EventId>().as_ref(), Ok(&id));
        assert_eq!(written.rsplit('-').next(), Some(&*id.seq().to_string()));
    }
});
