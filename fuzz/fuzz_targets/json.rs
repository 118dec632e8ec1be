//! Any bytes as JSON lines: no panic, the same answers as `serde_json`, and a bus that publishes
//! the events that were read and writes them back; leniently, what is read can be read strictly
//! once it is written.
#![no_main]

use bus_core::wire::fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for outcome in [fuzz::lines(bytes, 4096).map(drop), fuzz::bus(bytes), fuzz::lenient(bytes)] {
        assert_eq!(outcome, Ok(()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(fuzz::timestamp(text), Ok(()));
    }
});
