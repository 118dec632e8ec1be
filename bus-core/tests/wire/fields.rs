//! Field types that are read and written without serde have the same results as with serde: the
//! same values to the last bit, the same errors, the same text.

use std::fmt::Debug;

use bus_core::__private::ErasedPayload;
use bus_core::{AgentEvent, EventBus, Payload};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::common::audited;

/// One event for each type.
#[derive(AgentEvent)]
#[events(prefix = "field_")]
pub(crate) enum FieldEvents {
    Text { v: String },
    Flag { v: bool },
    Real { v: f64 },
    Float { v: f32 },
    U8 { v: u8 },
    U16 { v: u16 },
    U32 { v: u32 },
    U64 { v: u64 },
    I8 { v: i8 },
    I16 { v: i16 },
    I32 { v: i32 },
    I64 { v: i64 },
    MaybeText { v: Option<String> },
    MaybeFlag { v: Option<bool> },
    MaybeReal { v: Option<f64> },
    MaybeU64 { v: Option<u64> },
    MaybeI64 { v: Option<i64> },
    Texts { v: Vec<String> },
}

/// Reads `raw` as the field of a `P`, and as a `T` with serde.
fn agrees<P: Payload, T>(bus: &EventBus, raw: &str, value: fn(&P) -> &T)
where
    T: Serialize + DeserializeOwned + Debug,
{
    let kind = P::DESCRIPTOR.kind;
    let text = format!(
        r#"{{"type":"{kind}","stream_id":"s","data":{{"v":{raw}}},"timestamp":"2026-11-22T06:14:08"}}"#
    );
    let event = bus.read_json(&text).unwrap();
    match serde_json::from_str::<T>(raw) {
        Ok(theirs) => {
            let payload = event.payload::<P>().unwrap();
            // As text, to distinguish -0 from 0.
            assert_eq!(format!("{:?}", value(payload)), format!("{theirs:?}"), "{kind}: {raw}");
            let mut written = Vec::new();
            (payload as &dyn ErasedPayload).encode_json(&mut written).unwrap();
            let theirs = format!(r#"{{"v":{}}}"#, serde_json::to_string(&theirs).unwrap());
            assert_eq!(String::from_utf8(written).unwrap(), theirs, "{kind}: {raw}");
        }
        Err(theirs) => {
            let ours = event.decode_error().unwrap().to_string();
            let theirs = theirs.to_string();
            let theirs = theirs.split(" at line ").next().unwrap();
            assert_eq!(ours, format!("`{kind}` cannot be read: field `v`: {theirs}"), "{raw}");
        }
    }
    assert_eq!(event.raw_data(), Some(&*format!(r#"{{"v":{raw}}}"#)));
}

/// A number that no `f64` holds is in no event, whatever the type of the field.
#[track_caller]
fn none_reads(bus: &EventBus, raw: &str) {
    for kind in ["field_real", "field_text", "vendor_kind"] {
        let text = format!(
            r#"{{"type":"{kind}","stream_id":"s","data":{{"v":{raw}}},"timestamp":"2026-11-22T06:14:08"}}"#
        );
        let error = bus.read_json(&text).unwrap_err();
        assert_eq!(error.problem(), &bus_core::wire::ReadProblem::NumberTooLarge, "{raw}");
    }
}

/// Reads `raw` as each of the types.
fn all_agree(bus: &EventBus, raw: &str) {
    agrees(bus, raw, |event: &Text| &event.v);
    agrees(bus, raw, |event: &Flag| &event.v);
    agrees(bus, raw, |event: &Real| &event.v);
    agrees(bus, raw, |event: &Float| &event.v);
    agrees(bus, raw, |event: &U8| &event.v);
    agrees(bus, raw, |event: &U16| &event.v);
    agrees(bus, raw, |event: &U32| &event.v);
    agrees(bus, raw, |event: &U64| &event.v);
    agrees(bus, raw, |event: &I8| &event.v);
    agrees(bus, raw, |event: &I16| &event.v);
    agrees(bus, raw, |event: &I32| &event.v);
    agrees(bus, raw, |event: &I64| &event.v);
    agrees(bus, raw, |event: &MaybeText| &event.v);
    agrees(bus, raw, |event: &MaybeFlag| &event.v);
    agrees(bus, raw, |event: &MaybeReal| &event.v);
    agrees(bus, raw, |event: &MaybeU64| &event.v);
    agrees(bus, raw, |event: &MaybeI64| &event.v);
    agrees(bus, raw, |event: &Texts| &event.v);
}

#[test]
fn numbers_at_every_edge() {
    let bus = audited(EventBus::new());
    for raw in [
        "0", "-0", "0.0", "-0.0", "0e0", "-0e9", "1", "-1", "1.0", "1e0", "1E2", "1e-7", "10e-1", "0.1",
        "-1.5e3",
    ] {
        all_agree(&bus, raw);
    }
    for power in [7, 8, 15, 16, 31, 32, 53, 63, 64, 127] {
        let edge = 1_u128 << power;
        for near in [edge - 1, edge, edge + 1] {
            all_agree(&bus, &near.to_string());
            all_agree(&bus, &format!("-{near}"));
            all_agree(&bus, &format!("{near}.0"));
        }
    }
    for raw in ["1e308", "1.7976931348623157e308", "-1e308", "1e-999"] {
        all_agree(&bus, raw);
    }
    for raw in ["1.7976931348623159e308", "1e309", "-1e999", &"9".repeat(400)] {
        none_reads(&bus, raw);
    }
    for raw in ["5e-324", "2.4703282292062327e-324", "2.2250738585072011e-308", "9007199254740993", "0.3"] {
        all_agree(&bus, raw);
    }
    all_agree(&bus, &"9".repeat(308));
    all_agree(&bus, &format!("0.{}1", "0".repeat(400)));
}

#[test]
fn invalid_numbers() {
    let bus = audited(EventBus::new());
    for raw in [
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "[null]",
        r#"["a","b\n"]"#,
        r#"{"v":1}"#,
        r#""""#,
        r#""true""#,
        r#""1""#,
        r#""\u0000""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u00e9\u00E9\ud83d\ude00\u20ac\u007f""#,
        "\"é€😀\u{7f}\u{2028}\"",
    ] {
        all_agree(&bus, raw);
    }
    // Long strings, with an escape at every position of eight bytes.
    for length in 0..40 {
        all_agree(&bus, &format!("\"{}\\n{}\"", "x".repeat(length), "y".repeat(40 - length)));
        all_agree(&bus, &format!("\"{}é\\u00e9\"", "x".repeat(length)));
    }
}

/// A number in any written form.
fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_number(raw in number()) {
        match raw.parse::<f64>() {
            Ok(number) if number.is_finite() => all_agree(&EventBus::new(), &raw),
            _ => none_reads(&EventBus::new(), &raw),
        }
    }

    #[test]
    fn any_float(value in any::<f64>().prop_filter("JSON has finite ones", |value| value.is_finite())) {
        all_agree(&EventBus::new(), &serde_json::to_string(&value).unwrap());
    }

    /// With its characters escaped in any way.
    #[test]
    fn any_text(text in any::<String>(), escaped in prop::collection::vec(any::<bool>(), 8)) {
        let one = |(char, escaped): (char, &bool)| {
            let quoted = serde_json::to_string(&char).unwrap();
            if *escaped {
                return char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            }
            quoted[1..quoted.len() - 1].to_owned()
        };
        let raw: String = text.chars().zip(escaped.iter().cycle()).map(one).collect();
        all_agree(&EventBus::new(), &format!("\"{raw}\""));
    }
}
