//! From text to a filter, and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bus_core::Filter;
use bus_core::filter::{Field, FilterError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::filter;

#[test]
fn each_word_is_a_method() {
    let time: SystemTime = UNIX_EPOCH + Duration::from_hours(498_702);
    for (text, built) in [
        ("", Filter::new()),
        ("  kind:a,tool_*  kind:b ", Filter::new().kind("a").kind("tool_*").kind("b")),
        ("stream:s node:n execution:e", Filter::new().stream("s").node("n").execution("e")),
        ("correlation:c parent_execution:p", Filter::new().correlation("c").parent_execution("p")),
        (
            "attribute.tenant:acme data.input.path:a:b",
            Filter::new().attribute("tenant", "acme").data("input.path", "a:b"),
        ),
        (
            r#"attribute."odd name":"a b","c,d" node:"" "#,
            Filter::new().attribute("odd name", "a b").attribute("odd name", "c,d").node(""),
        ),
        (
            r#"retry "connection \"reset\" \\" -"x" -y"#,
            Filter::new().text("retry").text(r#"connection "reset" \"#).without_text("x").without_text("y"),
        ),
        ("error", Filter::new().error()),
        (r#"-error "error""#, Filter::new().without_error().text("error")),
        ("-kind:a,b", Filter::new().without(Field::Kind, "a").without(Field::Kind, "b")),
        (
            "after:2026-11-22T06:00:00Z before:2026-11-22T07:00:00+01:00",
            Filter::new().after(time).before(time),
        ),
        (r#"node:"a*" kind:"a*b""#, Filter::new().node("a*").kind("a*b")),
    ] {
        assert_eq!(filter(text), built, "{text}");
    }
}

#[test]
fn a_time_may_be_how_long_ago_it_is() {
    let now = SystemTime::now();
    for text in ["after:5m", "after:-5m", "after:300s"] {
        let (after, before) = filter(text).times();
        let ago = now.duration_since(after.unwrap()).unwrap_or_default();
        assert!(
            before.is_none() && (Duration::from_mins(4)..=Duration::from_mins(5)).contains(&ago),
            "{text}"
        );
    }
    let (after, before) = filter("after:5m after:1h before:1s before:1m").times();
    assert!(now.duration_since(after.unwrap()).unwrap() <= Duration::from_mins(5), "the latest");
    assert!(now.duration_since(before.unwrap()).unwrap() > Duration::from_secs(30), "the earliest");
}

#[test]
fn a_mistake_is_named_with_its_fix() {
    for (text, column, word, fix) in [
        ("node:a exection:b", 8, "exection:b", "did you mean `execution:`?"),
        ("Kinds:b", 1, "Kinds:b", "did you mean `kind:`?"),
        (
            "größe tenant:acme",
            7,
            "tenant:acme",
            "write `attribute.tenant:` for an open attribute, `data.tenant:` for",
        ),
        ("http://host", 1, "http://host", "a text with a colon in it stands in quotes"),
        ("node:", 1, "node:", "a value is missing"),
        ("node:a,,b", 1, "node:a,,b", "a value is missing"),
        ("a node=b", 3, "node=b", "write `node:b`"),
        ("- node:b", 1, "-", "leave no space between them"),
        (r#""open ended"#, 1, r#""open ended"#, "the closing quote is missing"),
        (r#"node:"a"b"#, 1, r#"node:"a"b"#, "a space is missing behind the quotes"),
        (r#"node:"a\n""#, 1, r#"node:"a\n""#, r"write `\\` for one"),
        (r#"say"hi""#, 1, r#"say"hi""#, "stands in quotes"),
        ("kind:a*b", 1, "kind:a*b", "only at the end of a kind"),
        ("node:a*", 1, "node:a*", "only at the end of a kind"),
        ("tool_*", 1, "tool_*", "write `kind:tool_*`"),
        ("a or b", 3, "or", "several values of a name mean any of them"),
        ("open", 1, "open", "is about several events"),
        ("dur:>1s", 1, "dur:>1s", "is about several events"),
        ("seq:1..2", 1, "seq:1..2", "use `after:` and `before:`"),
        ("after:soon", 1, "after:soon", "such as `after:15m`"),
        ("before:1m,2m", 1, "before:1m,2m", "write one time"),
        ("-after:1m", 1, "-after:1m", "write `before:` with it"),
        (r#"a """#, 3, r#""""#, "an empty text is in every event"),
    ] {
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!((error.column(), error.word()), (column, word), "{text}: {error}");
        assert!(error.to_string().contains(fix), "{text}: {error}");
    }
}

#[test]
fn a_mistake_from_outside_is_shown_on_one_short_line() {
    let error = format!("\u{1b}[2J{}:x", "y".repeat(100_000)).parse::<Filter>().unwrap_err();
    let shown = error.to_string();
    assert!(shown.len() < 3_000 && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_program_has_words_of_its_own() {
    let mut taken = Vec::new();
    let read = Filter::parse_with("kind:a -dur:>1s,<2s open x", |word| {
        taken.push((
            word.name().to_owned(),
            word.values().map(str::to_owned).collect::<Vec<_>>(),
            word.is_excluded(),
        ));
        Ok(true)
    });
    assert_eq!(read, Ok(Filter::new().kind("a").text("x")));
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        taken,
        [("dur".to_owned(), strings(&[">1s", "<2s"]), true), (String::new(), strings(&["open"]), false)]
    );
    let refused: FilterError =
        Filter::parse_with("x dur:never", |word| Err(word.error("write a duration"))).unwrap_err();
    assert_eq!(refused.to_string(), "`dur:never` in column 3 of the filter: write a duration");
}

#[test]
fn serde_has_it_as_text() {
    let built = Filter::new().kind("tool_*").text("a b").without(Field::NodeId, "n");
    let json = serde_json::to_string(&built).unwrap();
    assert_eq!(json, r#""kind:tool_* \"a b\" -node:n""#);
    assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), built);
    let error = serde_json::from_str::<Filter>(r#""nod:n""#).unwrap_err();
    assert!(error.to_string().contains("did you mean `node:`?"), "{error}");
}

fn any_field() -> impl Strategy<Value = Field> {
    prop_oneof![
        Just(Field::Kind),
        Just(Field::StreamId),
        Just(Field::NodeId),
        Just(Field::ExecutionId),
        Just(Field::ParentExecutionId),
        Just(Field::CorrelationId),
        any_text().prop_map(Field::Attribute),
        any_text().prop_map(Field::Data),
    ]
}

/// Mostly of the characters that have a meaning in the text of a filter.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c:,\"\\\\*. =é\n-]{0,6}", any::<String>()]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let fields = || vec((any_field(), any_text(), any::<bool>()), 0..6);
    let texts = || vec((any_text().prop_filter("not empty", |text| !text.is_empty()), any::<bool>()), 0..3);
    let time = || proptest::option::of((0..250_000_000_000_u64, 0..1_000_000_000_u32));
    (fields(), texts(), any::<(bool, bool)>(), time(), time()).prop_map(
        |(fields, texts, errors, after, before)| {
            let filter = fields.into_iter().fold(Filter::new(), |filter, (field, value, not)| {
                if not { filter.without(field, value) } else { filter.with(field, value) }
            });
            let filter = texts.into_iter().fold(filter, |filter, (text, not)| {
                if not { filter.without_text(text) } else { filter.text(text) }
            });
            let filter = if errors.0 { filter.error() } else { filter };
            let filter = if errors.1 { filter.without_error() } else { filter };
            let at = |(seconds, nanos)| UNIX_EPOCH + Duration::new(seconds, nanos);
            let filter = after.map(at).into_iter().fold(filter, Filter::after);
            before.map(at).into_iter().fold(filter, Filter::before)
        },
    )
}

proptest! {
    #[test]
    fn a_filter_is_read_back_from_its_text(filter in any_filter()) {
        let text = filter.to_string();
        prop_assert_eq!(text.parse::<Filter>(), Ok(filter), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in any_text()) {
        if let Ok(filter) = text.parse::<Filter>() {
            prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
        }
    }
}
