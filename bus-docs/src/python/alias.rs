//! Types that are no classes, in an order in which Python can evaluate them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::class;
use super::module::{Choice, Module, Named};
use super::text::{docstring, quoted};
use super::value::shown;
use crate::types::Type;

/// The types that fields name. An alias stands after everything that it names, since Python
/// evaluates it at once; a class may name what comes later.
pub(super) fn ordered<'m, 'a>(module: &'m Module<'a>) -> Vec<&'m Named<'a>> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for name in module.types.keys() {
        place(name, module, &mut seen, &mut order);
    }
    order
}

fn place<'m, 'a>(
    name: &'m str,
    module: &'m Module<'a>,
    seen: &mut BTreeSet<&'m str>,
    order: &mut Vec<&'m Named<'a>>,
) {
    let Some(ty) = module.types.get(name).filter(|_| seen.insert(name)) else { return };
    for name in named(ty, module) {
        place(name, module, seen, order);
    }
    order.push(ty);
}

/// The types that stand in an alias.
fn named<'m>(ty: &'m Named<'_>, module: &'m Module<'_>) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    for choice in choices(ty, module) {
        collect(&choice.ty, &mut found);
    }
    found
}

/// The choices of an alias without the alias itself: `struct Chain(Option<Box<Chain>>)` is null.
fn choices<'m>(alias: &'m Named<'_>, module: &'m Module<'_>) -> Vec<&'m Choice> {
    let (mut same, mut next) = (BTreeMap::new(), vec![alias]);
    while let Some(ty) = next.pop() {
        let inside = ty.choices.iter().filter_map(|choice| module.alias(&choice.ty));
        next.extend(inside.filter(|inside| same.insert(&inside.name, *inside).is_none()));
    }
    if !same.contains_key(&alias.name) {
        return alias.choices.iter().collect();
    }
    let all = same.into_values().flat_map(|ty| &ty.choices);
    all.filter(|choice| module.alias(&choice.ty).is_none()).collect()
}

fn collect<'m>(ty: &'m Type, found: &mut BTreeSet<&'m str>) {
    match ty {
        Type::Named(name) => drop(found.insert(name)),
        Type::List(inside) | Type::Map(inside) => collect(inside, found),
        Type::Tuple(several) | Type::Either(several) => several.iter().for_each(|ty| collect(ty, found)),
        _ => {}
    }
}

pub(super) fn alias(out: &mut String, module: &Module<'_>, ty: &Named<'_>) {
    for choice in &ty.choices {
        if let (Some(name), Type::Record(members)) = (&choice.class, &choice.ty) {
            class::members(out, module, name, "", members);
        }
    }
    let part = |choice: &Choice| choice.class.clone().unwrap_or_else(|| shown(&choice.ty, module));
    let mut parts = choices(ty, module).into_iter().map(part).collect::<Vec<_>>().join(" | ");
    if parts.is_empty() {
        // No value is of a type that is only itself.
        parts.push_str("t.Any");
    }
    let name = &ty.name;
    // Only a type of this form may name itself.
    let _ = if holds_itself(ty, module) {
        writeln!(out, "\n\n{name} = te.TypeAliasType({}, {})", quoted(name), quoted(&parts))
    } else {
        writeln!(out, "\n\n{name}: t.TypeAlias = {parts}")
    };
    docstring(out, "", ty.docs);
}

/// Whether an alias names itself, without a class between.
fn holds_itself(alias: &Named<'_>, module: &Module<'_>) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![alias]);
    while let Some(ty) = next.pop() {
        for name in named(ty, module).into_iter().filter(|&name| seen.insert(name)) {
            next.extend(module.types.get(name));
        }
    }
    seen.iter().any(|&name| module.name(name) == alias.name)
}
