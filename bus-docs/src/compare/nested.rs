//! Changes inside of a field's type: each with the path of what changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::effect::Effect;
use super::types::{self, accepts};
use super::variants::{self, Variant};
use crate::model::{resolved, type_name};

/// A difference between two schemas, at one path.
pub(super) struct Difference {
    /// From the field on: `usage.input_tokens`, `calls[].name`, `shape<circle>.radius`.
    pub(super) path: String,
    pub(super) effect: Effect,
}

/// The differences inside of two schemas, in their order; none if only the whole of both can be
/// compared.
pub(super) fn differences(field: &str, before: types::In<'_>, after: types::In<'_>) -> Vec<Difference> {
    let mut walk = Walk { old: before.1, new: after.1, open: BTreeSet::new(), found: Vec::new() };
    walk.value(field, before.0, after.0);
    walk.found
}

type Types = BTreeMap<String, Value>;

struct Walk<'a> {
    old: &'a Types,
    new: &'a Types,
    /// The pairs of types that are being compared: a recursive type meets itself here.
    open: BTreeSet<(String, String)>,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn add(&mut self, path: impl Into<String>, effect: Effect) {
        self.found.push(Difference { path: path.into(), effect });
    }

    fn value(&mut self, path: &str, before: &Value, after: &Value) {
        let pair = (name(before).to_owned(), name(after).to_owned());
        let both_named = !pair.0.is_empty() && !pair.1.is_empty();
        if both_named && !self.open.insert(pair.clone()) {
            return;
        }
        let (old, new) = (resolved(before, self.old), resolved(after, self.new));
        let ((had_null, old), (is_null_now, new)) =
            (variants::without_null(old), variants::without_null(new));
        match (had_null, is_null_now) {
            (true, false) => self.add(path, Effect::NoNull),
            (false, true) => self.add(path, Effect::Null),
            _ => {}
        }
        match (alone(&old), alone(&new)) {
            (None, None) => self.shape(path, &old, &new),
            // The schema by its name, by which a type is known to be open.
            (before_alone, after_alone) => {
                let before = before_alone.unwrap_or(if had_null { &old } else { before });
                let after = after_alone.unwrap_or(if is_null_now { &new } else { after });
                self.value(path, before, after);
            }
        }
        if both_named {
            self.open.remove(&pair);
        }
    }

    /// Two values that are not null.
    fn shape(&mut self, path: &str, old: &Value, new: &Value) {
        if let (Some(before), Some(after)) = (variants::of(old), variants::of(new)) {
            return self.variants(path, &before, &after);
        }
        let (Value::Object(before), Value::Object(after)) = (old, new) else {
            return self.whole(path, old, new);
        };
        if before.get("type") != after.get("type") {
            return self.whole(path, old, new);
        }
        for (key, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
            if let (Some(old @ Value::Object(_)), Some(new @ Value::Object(_))) =
                (before.get(key), after.get(key))
            {
                return self.value(&format!("{path}{mark}"), old, new);
            }
        }
        match (members(before), members(after)) {
            (Some(old), Some(new)) => self.members(path, (before, old), (after, new)),
            _ => self.tuple(path, old, new),
        }
    }

    fn tuple(&mut self, path: &str, old: &Value, new: &Value) {
        let items = |schema: &Value| schema.get("prefixItems").and_then(Value::as_array).cloned();
        match (items(old), items(new)) {
            (Some(before), Some(after)) if before.len() == after.len() => {
                for (index, (before, after)) in before.iter().zip(&after).enumerate() {
                    self.value(&format!("{path}.{index}"), before, after);
                }
            }
            _ => self.whole(path, old, new),
        }
    }

    fn members(
        &mut self,
        path: &str,
        (before, old): (&Map<String, Value>, &Map<String, Value>),
        (after, new): (&Map<String, Value>, &Map<String, Value>),
    ) {
        let requires = |schema: &Map<String, Value>, name: &str| {
            schema.get("required").into_iter().flat_map(types::texts).any(|required| required == name)
        };
        let gone: Vec<&String> = old.keys().filter(|name| !new.contains_key(*name)).collect();
        let mut added: Vec<&String> = new.keys().filter(|name| !old.contains_key(*name)).collect();
        for (name, schema) in old {
            let inner = format!("{path}.{name}");
            if let Some(now) = new.get(name) {
                match (requires(before, name), requires(after, name)) {
                    (false, true) => self.add(&*inner, Effect::Required),
                    (true, false) => self.add(&*inner, Effect::Optional),
                    _ => {}
                }
                self.value(&inner, schema, now);
                continue;
            }
            // One that is gone and one of the same type that is new: probably it was renamed.
            let same = |other: &&&String| {
                self.same(schema, &new[**other]) && requires(before, name) == requires(after, other)
            };
            match (gone.len(), added.iter().find(same).copied()) {
                (1, Some(to)) if added.len() == 1 => {
                    added.clear();
                    self.add(inner, Effect::Renamed(to.clone()));
                }
                _ => self.add(inner, Effect::Gone),
            }
        }
        for name in added {
            self.add(format!("{path}.{name}"), Effect::New { required: requires(after, name) });
        }
        let rest = |schema: &Map<String, Value>| {
            let rest = schema.iter().filter(|(key, _)| !matches!(key.as_str(), "properties" | "required"));
            Value::Object(rest.map(|(key, value)| (key.clone(), value.clone())).collect())
        };
        self.whole(path, &rest(before), &rest(after));
    }

    fn variants(&mut self, path: &str, before: &[Variant], after: &[Variant]) {
        let find = |list: &[Variant], name: &str| list.iter().find(|variant| variant.name == name).cloned();
        let missing = |from: &[Variant], list: &[Variant]| -> Vec<String> {
            let names = from.iter().map(|variant| variant.name.clone());
            names.filter(|name| find(list, name).is_none()).collect()
        };
        let (gone, added) = (missing(before, after), missing(after, before));
        if !gone.is_empty() {
            self.add(path, Effect::ValuesGone(gone));
        }
        if !added.is_empty() {
            self.add(path, Effect::ValuesNew(added));
        }
        for variant in before {
            if let (Some(old), Some(new)) =
                (&variant.content, find(after, &variant.name).and_then(|variant| variant.content))
            {
                self.value(&format!("{path}<{}>", variant.name), old, &new);
            }
        }
    }

    /// Compares what has no parts with names of their own.
    fn whole(&mut self, path: &str, old: &Value, new: &Value) {
        let (before, after) = ((old, self.old), (new, self.new));
        let shown = || (types::shown(old), types::shown(new));
        if !accepts(after, before) {
            let (was, is) = shown();
            self.add(path, Effect::Narrower(was, is));
        } else if !accepts(before, after) {
            let (was, is) = shown();
            self.add(path, Effect::Wider(was, is));
        }
    }

    fn same(&self, old: &Value, new: &Value) -> bool {
        accepts((new, self.new), (old, self.old)) && accepts((old, self.old), (new, self.new))
    }
}

fn name(schema: &Value) -> &str {
    type_name(schema.get("$ref")).unwrap_or_default()
}

/// The only choice of a schema that has one.
fn alone(schema: &Value) -> Option<&Value> {
    ["allOf", "anyOf", "oneOf"].iter().find_map(|key| match schema.get(*key) {
        Some(Value::Array(list)) if list.len() == 1 => list.first(),
        _ => None,
    })
}

fn members(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}
