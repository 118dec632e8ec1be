//! Changes in the fields of one event.

use super::Report;
use super::nested;
use super::types::accepts;
use crate::model::{Catalog, Event, Field};

pub(super) fn check(report: &mut Report<'_>, old: &Catalog, new: &Catalog) {
    let (before, after) = (report.before, report.after);
    for field in &before.fields {
        match find(after, &field.name) {
            Some(now) => changed(report, field, now, (old, new)),
            None => report.breaks(
                format!("field `{}` was removed: its readers find nothing, and emitters that set it do not compile", field.name),
                format!(
                    "put it back, or write `#[serde(alias = \"{}\")]` on the field that replaces it",
                    field.name
                ),
            ),
        }
    }
    for field in &after.fields {
        let was = std::iter::once(&field.name).chain(&field.aliases).any(|name| find(before, name).is_some());
        match (was, field.required) {
            (true, _) => {}
            (false, true) => report.breaks(
                format!(
                    "required field `{}` is new: old data cannot be read and old calls do not compile",
                    field.name
                ),
                "give it `#[event(default)]`".to_owned(),
            ),
            (false, false) => report.allows(format!("field `{}` is new, with a default", field.name)),
        }
    }
    places(report);
}

/// The field of that name, or of that older name.
fn find<'a>(event: &'a Event, name: &str) -> Option<&'a Field> {
    let named = |field: &&Field| field.name == name;
    event
        .fields
        .iter()
        .find(named)
        .or_else(|| event.fields.iter().find(|f| f.aliases.iter().any(|a| a == name)))
}

fn changed(report: &mut Report<'_>, before: &Field, after: &Field, (old, new): (&Catalog, &Catalog)) {
    let name = &after.name;
    if before.name != *name {
        report
            .allows(format!("field `{}` is called `{name}` now; the older name is still read", before.name));
    }
    for alias in before.aliases.iter().filter(|alias| *alias != name && !after.aliases.contains(alias)) {
        report.breaks(
            format!("field `{name}` is no longer read from `{alias}`"),
            format!("put back `#[serde(alias = \"{alias}\")]`"),
        );
    }
    match (before.required, after.required) {
        (false, true) => report.breaks(
            format!("field `{name}` is required now: old data without it cannot be read"),
            "restore its default".to_owned(),
        ),
        (true, false) => report.allows(format!(
            "field `{name}` is optional now: calls set it with `.{}(…)`, and the compiler shows which",
            after.ident()
        )),
        _ => {}
    }
    ty(report, before, after, (old, new));
    match (before.redacted, after.redacted) {
        (false, true) => report.breaks(
            format!("the content of field `{name}` is hidden now: readers find `[redacted]`"),
            "remove `redact`".to_owned(),
        ),
        (true, false) => {
            report.allows(format!("the content of field `{name}` is SHOWN now: it leaves the process"));
        }
        _ => {}
    }
    if !before.required && !after.required && before.shown_default() != after.shown_default() {
        let shown = after.shown_default().unwrap_or_else(|| "none".to_owned());
        report.allows(format!("the default of field `{name}` is now {shown}"));
    }
}

fn ty(report: &mut Report<'_>, before: &Field, after: &Field, (old, new): (&Catalog, &Catalog)) {
    let (Some(was), Some(is)) = (&before.schema, &after.schema) else {
        if before.ty != after.ty {
            fewer(report, before, after);
        }
        return;
    };
    let name = &after.name;
    let mut whole = true;
    for found in nested::differences(name, (was, &old.types), (is, &new.types)) {
        // The types in Rust say more of the field itself.
        if found.path == *name && !found.effect.is_of_values() {
            continue;
        }
        whole = false;
        let what = format!("`{}.{}` {}", report.after.kind, found.path, found.effect.text());
        if found.effect.breaks() {
            report.breaks(what, found.effect.remedy());
        } else {
            report.allows(what);
        }
    }
    if !whole {
        return;
    }
    if !accepts((is, &new.types), (was, &old.types)) {
        fewer(report, before, after);
    } else if !accepts((was, &old.types), (is, &new.types)) {
        report
            .allows(format!("field `{name}` accepts more values now: `{}` became `{}`", before.ty, after.ty));
    }
}

fn fewer(report: &mut Report<'_>, before: &Field, after: &Field) {
    let (was, is) = (&before.ty, &after.ty);
    let change =
        if was == is { format!("the schema of `{is}` changed") } else { format!("`{was}` became `{is}`") };
    report.breaks(
        format!(
            "field `{}` accepts fewer values than before: {change}. Readers cannot read old data that does not fit; \
             emitters may not compile",
            after.name
        ),
        "restore its type, or add a new field".to_owned(),
    );
}

/// Required fields are arguments, in their order. If two of one type are swapped, old calls still
/// compile but have another meaning.
fn places(report: &mut Report<'_>) {
    let required =
        |event: &'_ Event| event.fields.iter().filter(|f| f.is_argument()).cloned().collect::<Vec<_>>();
    let (before, after) = (required(report.before), required(report.after));
    let compiles = before.len() == after.len()
        && before.iter().zip(&after).all(|(before, after)| class(&before.ty) == class(&after.ty))
        && report.before.name == report.after.name;
    if !compiles {
        return;
    }
    let is =
        |before: &Field, after: &Field| before.name == after.name || after.aliases.contains(&before.name);
    let moved: Vec<String> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| !is(before, after))
        .map(|(before, after)| format!("`{}` is in the position of `{}`", after.name, before.name))
        .collect();
    if !moved.is_empty() {
        let helper = &report.after.helper;
        report.forbids(
            format!("arguments of one type were swapped: {}; old calls of `{helper}` compile and have another meaning", moved.join(", ")),
            "restore the order of the required fields, or rename the event so that old calls fail",
        );
    }
}

/// Types that one literal fits are of one class.
fn class(ty: &str) -> &str {
    let last = ty.rsplit("::").next().unwrap_or(ty);
    match last {
        "String" | "PathBuf" | "Box<str>" | "Arc<str>" | "Rc<str>" | "Value" => "text",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => {
            "integer"
        }
        "f32" | "f64" => "float",
        _ => ty,
    }
}
