//! Files of JSON lines through the bus.

use std::fmt::Write as _;

use bus_core::EventBus;
use bus_core::wire::LineCause;

fn good(mark: usize) -> String {
    format!(r#"{{"type":"k","stream_id":"s","data":{{}},"timestamp":"2026-11-22T06:14:08","mark":"{mark}"}}"#)
}

/// Each malformed line is reported with its number and its cause, and the good line after it is
/// read.
#[test]
fn a_bad_line_is_reported_and_the_next_is_read() {
    let deep = "[".repeat(129) + &"]".repeat(129);
    let bad = [
        (good(0)[..60].to_owned(), "the text ends before the event does"),
        (
            r#"{"type":5,"stream_id":"s","timestamp":"2026-11-22T06:14:08"}"#.into(),
            "`type` must be a string, not a number",
        ),
        (good(0).replace("{}", &deep), "more than 128 levels"),
        (good(0).replace("{}", r#"{"a":1,"a":1}"#), "key `a` occurs twice"),
        (good(0).replace("{}", "\"\0\""), "NUL inside a string"),
        (good(0).replace("{}", r#""\ud800""#), "half a surrogate pair"),
        (good(0).replace("{}", r#"{"a":NaN}"#), "`NaN` and `Infinity` are not JSON"),
        (good(0) + " and more", "text after the end of the event"),
        ("not json".into(), "not JSON: expected an event, which is one JSON object, found `n`"),
        (good(0).replace("{}", &format!("\"{}\"", "x".repeat(5000))), "bytes are more than the 4096 allowed"),
    ];
    let mut file = String::new();
    for (mark, (line, _)) in bad.iter().enumerate() {
        writeln!(file, "{line}\n{}", good(mark)).unwrap();
    }
    let mut lines = EventBus::new().reader().max_bytes(4096).lines(file.as_bytes());
    for (mark, (line, cause)) in bad.iter().enumerate() {
        let error = lines.next().unwrap().unwrap_err();
        assert_eq!(error.line(), 2 * u64::try_from(mark).unwrap() + 1);
        assert!(error.to_string().starts_with(&format!("line {}: ", error.line())), "{error}");
        assert!(error.to_string().contains(cause), "{line}: {error}");
        assert!(matches!(error.cause(), LineCause::Event(_)));
        let event = lines.next().unwrap().unwrap();
        assert_eq!(event.scope().attribute("mark"), Some(mark.to_string()).as_deref());
        assert_eq!(lines.line(), error.line() + 1);
    }
    assert!(lines.next().is_none());
    assert!(lines.next().is_none());
}
