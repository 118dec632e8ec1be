//! Each rule about breaking changes, with a change that triggers it.

use bus_docs::{Catalog, Change, Event, Weight, compare};
use serde_json::json;

use super::many::catalog;

/// The changes that are reported after the first event of two was changed.
fn after(change: impl FnOnce(&mut Event)) -> Vec<Change> {
    let (old, mut new) = (catalog(2), catalog(2));
    change(&mut new.events[0]);
    compare(&old, &new)
}

fn breaks(change: impl FnOnce(&mut Event), what: &str) {
    let found = after(change);
    let broken: Vec<&Change> = found.iter().filter(|change| change.weight == Weight::Breaking).collect();
    assert!(broken.iter().any(|change| change.what.contains(what)), "not reported: {what}: {found:#?}");
    assert!(broken.iter().all(|change| change.remedy.is_some() && change.kind == "kind_0000"), "{found:#?}");
}

fn allows(change: impl FnOnce(&mut Event), what: &str) {
    let found = after(change);
    assert!(found.iter().all(|change| change.weight == Weight::Compatible), "{found:#?}");
    assert!(found.iter().any(|change| change.what.contains(what)), "not reported: {what}: {found:#?}");
}

#[test]
fn nothing_changed() {
    assert!(after(|_| {}).is_empty());
}

#[test]
fn breaking_changes_are_an_error() {
    breaks(|event| drop(event.fields.remove(2)), "field `note` was removed");
    breaks(|event| event.fields[2].required = true, "field `note` is required now");
    breaks(|event| event.fields[0].schema = Some(json!({ "type": "integer" })), "field `name` accepts fewer");
}

#[test]
fn less_scope_may_be_required_and_not_more() {
    allows(|event| event.scope.node = false, "can be emitted without node");
    let (old, mut new) = (catalog(2), catalog(2));
    new.events[1].scope.node = true;
    let found = compare(&old, &new);
    assert!(found[0].what.contains("cannot be emitted without node") && found[0].weight == Weight::Breaking);
}

#[test]
fn a_removed_kind_is_an_error_unless_an_alias_has_it() {
    let (old, mut new) = (catalog(2), catalog(2));
    new.events[0].kind = "another".to_owned();
    let found = compare(&old, &new);
    assert!(
        found[0].weight == Weight::Breaking
            && found[0].remedy.as_deref().unwrap_or_default().contains("alias(\"kind_0000\")")
    );
    new.events[0].aliases.push("kind_0000".to_owned());
    let found = compare(&old, &new);
    assert!(found.iter().all(|change| change.weight == Weight::Compatible), "{found:#?}");
}

#[test]
fn an_alias_that_is_dropped_is_an_error() {
    let (mut old, new) = (catalog(2), catalog(2));
    old.events[0].aliases.push("older".to_owned());
    let found = compare(&old, &new);
    assert!(
        found[0].weight == Weight::Breaking && found[0].what.contains("`older` is no longer read"),
        "{found:#?}"
    );
}

#[test]
fn required_fields_of_one_type_that_are_swapped_are_an_error_whatever_the_version() {
    breaks(|event| event.fields.swap(0, 1), "swapped: `cause` is in the position of `name`");
    breaks(
        |event| {
            event.fields.swap(0, 1);
            event.version = 2;
        },
        "swapped",
    );
}

#[test]
fn a_higher_version_announces_breaking_changes() {
    let found = after(|event| {
        event.fields.remove(2);
        event.version = 2;
    });
    assert!(found.iter().all(|change| change.weight != Weight::Breaking), "{found:#?}");
    assert!(found.iter().any(|change| change.weight == Weight::Announced));
    let (mut old, new) = (catalog(1), catalog(1));
    old.events[0].version = 3;
    assert!(compare(&old, &new)[0].what.contains("went from 3 down to 1"));
}

#[test]
fn compatible_changes_are_listed() {
    allows(
        |event| event.fields[0].schema = Some(json!({ "type": ["string", "null"] })),
        "accepts more values now",
    );
    allows(
        |event| event.fields[2].default_value = Some("y".into()),
        "the default of field `note` is now \"y\"",
    );
    allows(|event| event.policy.critical = true, "is critical now");
    allows(|event| event.life = Some("failed".to_owned()), "it ends its execution as failed now");
    allows(
        |event| {
            event.fields[2].aliases.push("note".to_owned());
            event.fields[2].name = "remark".to_owned();
        },
        "called `remark` now",
    );
    allows(
        |event| {
            let mut more = event.fields[3].clone();
            more.name = "more".to_owned();
            event.fields.push(more);
        },
        "field `more` is new",
    );
    let found = compare(&catalog(1), &catalog(2));
    assert_eq!(found[0].to_string(), "compatible: `kind_0001`: is new");
}

#[test]
fn an_older_file_of_this_format_is_read() {
    let text = r#"{ "format": 1, "title": "Old", "events": [{ "kind": "b", "fields": [{ "name": "x", "type": "String" }] }, { "kind": "a" }] }"#;
    let old = Catalog::from_json(text).unwrap();
    assert_eq!(old.event("b").unwrap().fields[0].ty, "String");
    assert_eq!(old.events[0].kind, "a");
}
