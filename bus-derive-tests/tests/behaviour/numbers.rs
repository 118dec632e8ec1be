//! Numbers are read completely or refused.

use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
#[events(prefix = "numbers.", derive(PartialEq))]
pub(crate) enum NumberEvents {
    Counted {
        atoms: u128,
        change: i128,
        share: f64,
        #[event(default)]
        small: u8,
    },
}

/// A line on the wire with this data.
fn line(data: &str) -> String {
    format!(
        r#"{{"type":"numbers.counted","stream_id":"s","node_id":null,"execution_id":null,"data":{data},"timestamp":"2026-11-22T06:14:08","correlation_id":null}}"#
    )
}

#[test]
fn a_hundred_and_twenty_eight_bits_come_back_as_they_went() {
    let bus = EventBus::new();
    let counted = Counted::new(u128::MAX, i128::MIN, f64::MIN_POSITIVE).small(255);
    bus.stream("s").emit(counted.clone()).send();
    let written = bus.history().collect().remove(0).to_json();
    assert_eq!(bus.read_json(&written).unwrap().payload::<Counted>(), Some(&counted));
}

/// The reader of `u128` stops at a dot or an exponent without an error.
#[test]
fn a_fraction_is_no_integer() {
    let bus = EventBus::new();
    for number in ["1.5", "1e3", "3.4e38", "1.0"] {
        for (field, data) in [
            ("atoms", format!(r#"{{"atoms":{number},"change":1,"share":1}}"#)),
            ("change", format!(r#"{{ "atoms" : 1 , "share" : 1 , "change" : {number} }}"#)),
            ("small", format!(r#"{{"atoms":1,"change":1,"share":1,"small":{number}}}"#)),
        ] {
            let read = bus.read_json(&line(&data)).unwrap();
            assert_eq!(read.decode_error().and_then(bus_core::DecodeError::field), Some(field), "{data}");
            let error = serde_json::from_str::<Counted>(&data).unwrap_err().to_string();
            assert!(error.contains(&format!("`{field}`")), "{error}");
        }
    }
}
