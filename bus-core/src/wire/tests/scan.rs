//! The one pass over the text, compared with `serde_json`.

use proptest::prelude::*;
use serde_json::Value;

use crate::time::Zone;
use crate::wire::envelope::Envelope;
use crate::wire::error::ReadProblem as P;
use crate::wire::fuzz;
use crate::wire::keys::Keys;
use crate::wire::limits::Limits;

/// An event around a `data`.
fn around(data: &str) -> String {
    format!(r#"{{"type":"k","stream_id":"s","timestamp":"2026-11-22T06:14:08","data":{data}}}"#)
}

/// The problem of an event with this `data`.
fn problem(data: &str) -> Option<P> {
    Envelope::read(&around(data), Limits::new(), &Zone::UTC, &mut Keys::default())
        .err()
        .map(|error| error.problem().clone())
}

#[test]
fn scalars() {
    for good in
        ["0", "-0", "1", "-12", "1.5", "1e9", "1E+9", "-0.0e-0", "true", "false", "null", r#""""#, "1e-999"]
    {
        assert_eq!(problem(good), None, "{good}");
    }
    for bad in ["01", "-", "-a", "1.", ".5", "1e", "1e+", "+1", "tru", "nul", "TRUE", "'a'", "0x1", "1_0", ""]
    {
        assert!(matches!(problem(bad), Some(P::Syntax { .. })), "{bad}: {:?}", problem(bad));
    }
    for word in ["NaN", "Infinity", "-Infinity"] {
        assert_eq!(problem(word), Some(P::NotANumber), "{word}");
    }
}

/// A number that is accepted here is a number to every reader: none takes it for infinity, and none
/// refuses it.
#[test]
fn a_number_that_no_float_holds_is_refused_wherever_it_stands() {
    let (long, longest) = ("9".repeat(400), "9".repeat(308));
    for number in
        ["1e400", "-1e400", "1E999", "1.7976931348623159e308", "0.1e+310", "10e99999999999999999999", &long]
    {
        for data in [
            number.to_owned(),
            format!("[1,{number}]"),
            format!(r#"{{"a":{{"b":[{number}]}}}}"#),
            format!(r#"{{"a":1}},"tries":{number}"#),
            format!(r#"{{"a":1}},"version":{number}"#),
        ] {
            assert_eq!(problem(&data), Some(P::NumberTooLarge), "{data}");
        }
    }
    for number in
        ["1.7976931348623157e308", "-1e308", "1e-400", "0e999", "0.0000000000000000000001e320", &longest]
    {
        assert_eq!(problem(number), None, "{number}");
    }
    let text = around("[-1e400]");
    let error = Envelope::read(&text, Limits::new(), &Zone::UTC, &mut Keys::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a number is at most 1.7976931348623157e308, or other readers take it for infinity: write it as a string \
         (column 71)"
    );
}

#[test]
fn nesting() {
    for bad in [
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{a:1}",
        "[1 2]",
        "[}",
        "{]",
        "{\"a\":1]",
        "[1}",
        "]",
    ] {
        assert!(matches!(problem(bad), Some(P::Syntax { .. })), "{bad}: {:?}", problem(bad));
    }
    for good in ["[]", "{}", "[[],{}]", " [ 1 , 2 ] ", "{ \"a\" : [ { } ] }"] {
        assert_eq!(problem(good), None, "{good}");
    }
}

/// The event's own object is the first level. `serde_json` can decode every text that is read here.
#[test]
fn depth_ends_at_128_levels() {
    let nested = |open: &str, close: &str, levels: usize| open.repeat(levels) + "1" + &close.repeat(levels);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deepest = nested(open, close, 127);
        assert_eq!(problem(&deepest), None);
        assert!(serde_json::from_str::<Value>(&deepest).is_ok());
        assert_eq!(problem(&nested(open, close, 128)), Some(P::TooDeep { limit: 128 }));
        assert_eq!(problem(&nested(open, close, 1_000_000)), Some(P::TooDeep { limit: 128 }));
    }
}

#[test]
fn a_key_twice_is_refused_at_every_level() {
    let twice = |key: &str| Some(P::DuplicateKey(key.into()));
    assert_eq!(problem(r#"{"a":1,"a":2}"#), twice("a"));
    assert_eq!(problem(r#"[{"x":{"b":1,"c":2,"b":3}}]"#), twice("b"));
    assert_eq!(problem(r#"{"a":1,"\u0061":2}"#), twice("a"));
    assert_eq!(problem(r#"{"a\n":1,"a\u000A":2}"#), twice("a\n"));
    assert_eq!(problem(r#"{"":1,"":2}"#), twice(""));
    // The same key in two objects is no error.
    assert_eq!(problem(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#), None);
    let text = r#"{"type":"k","stream_id":"s","stream_id":"t"}"#;
    let error = Envelope::read(text, Limits::new(), &Zone::UTC, &mut Keys::default()).unwrap_err();
    assert_eq!(error.to_string(), "key `stream_id` occurs twice: write each key once (column 29)");
}

#[test]
fn a_key_twice_is_found_among_many() {
    let many: Vec<String> = (0..10_000).map(|key| format!("\"{key}\":0")).collect();
    assert_eq!(problem(&format!("{{{}}}", many.join(","))), None);
    for again in [0, 5, 23, 24, 25, 9_999] {
        let twice = format!("{{{},\"{again}\":0}}", many.join(","));
        assert_eq!(problem(&twice), Some(P::DuplicateKey(again.to_string())));
    }
}

#[test]
fn keys_and_kinds_have_a_length() {
    let long = "k".repeat(65_536);
    assert_eq!(problem(&format!("{{\"{long}\":1}}")), None);
    assert_eq!(problem(&format!("{{\"{long}x\":1}}")), Some(P::KeyTooLong { limit: 65_536 }));
    let kind = |length| {
        let text = format!(
            r#"{{"type":"{}","stream_id":"s","timestamp":"2026-11-22T06:14:08"}}"#,
            "k".repeat(length)
        );
        fuzz::read(&text).map_err(|error| error.problem().clone())
    };
    assert_eq!(kind(256), Ok(()));
    assert_eq!(kind(257), Err(P::KindTooLong { limit: 256 }));
}

#[test]
fn strings() {
    assert_eq!(problem("\"\0\""), Some(P::Control(0)));
    assert_eq!(problem("\"a\tb\""), Some(P::Control(b'\t')));
    assert_eq!(problem("\"a\nb\""), Some(P::Control(b'\n')));
    for lone in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\ud800x""#,
        r#""\uDBFF\u0041""#,
        r#"{"\udfff":1}"#,
    ] {
        assert_eq!(problem(lone), Some(P::LoneSurrogate), "{lone}");
    }
    for bad in [r#""\x41""#, r#""\u12g4""#, r#""\U0041""#] {
        assert!(matches!(problem(bad), Some(P::Syntax { .. })), "{bad}: {:?}", problem(bad));
    }
    for good in [r#""\u0000""#, r#""\ud83d\ude00""#, r#""\"\\\/\b\f\n\r\t""#, "\"\u{7f}\u{2028}😀\""] {
        assert_eq!(problem(good), None, "{good}");
    }
}

/// Each beginning of an event is reported as ending too early.
#[test]
fn every_cut_is_a_clear_error() {
    let whole = around(r#"{"text":"a\n\ud83d\ude00é","n":[-1.5e3,true,null,{}]}"#);
    assert_eq!(fuzz::read(&whole), Ok(()));
    for end in (1..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let error = fuzz::read(&whole[..end]).unwrap_err();
        // A surrogate pair that is cut in the middle looks like a half.
        assert!(matches!(error.problem(), P::Cut | P::LoneSurrogate), "{}: {error}", &whole[..end]);
    }
}

fn any_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\"a\""),
        Just("\"\""),
        Just("1"),
        Just("-0.5e3"),
        Just("0"),
        Just("-"),
        Just("null"),
        Just("true"),
        Just("tru"),
        Just("\""),
        Just("\\"),
        Just("\\u"),
        Just("d800"),
        Just("\\ud83d\\ude00"),
        Just(" "),
        Just("\n"),
        Just("é"),
        Just("\0"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Any text as `data`: accepted if `serde_json` accepts it, and refused otherwise.
    #[test]
    fn agrees_with_serde_json(data in any_json()) {
        fuzz::event(&around(&data)).map_err(TestCaseError::fail)?;
        fuzz::event(&data).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_text_at_all(text in ".{0,80}") {
        fuzz::event(&text).map_err(TestCaseError::fail)?;
        fuzz::event(&around(&text)).map_err(TestCaseError::fail)?;
    }

    /// The characters of a string are the same in any escaped form.
    #[test]
    fn strings_come_back(text in any::<String>(), escaped in any::<bool>()) {
        let json = if escaped {
            let units: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            format!("\"{}\"", units.concat())
        } else {
            serde_json::to_string(&text).unwrap()
        };
        let line = format!(r#"{{"type":"k","stream_id":{json},"timestamp":"2026-11-22T06:14:08"}}"#);
        let read = Envelope::read(&line, Limits::new(), &Zone::UTC, &mut Keys::default()).unwrap();
        prop_assert_eq!(read.stream, text);
    }
}
