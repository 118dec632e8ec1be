//! The names of everything that a module declares.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names;
use crate::model::{Catalog, Event, Names, description};
use crate::types::{Member, Type};

/// The declarations of a module. Their names are complete before anything is written, because no
/// attribute of a class may have one of them.
pub(super) struct Module<'a> {
    pub(super) names: Names,
    pub(super) types: BTreeMap<&'a str, Named<'a>>,
    pub(super) events: Vec<Declared<'a>>,
}

/// A type that fields name: a class if it is a record, otherwise an alias.
pub(super) struct Named<'a> {
    pub(super) name: String,
    pub(super) docs: &'a str,
    pub(super) ty: Type,
    /// The types that an alias stands for; none for a class.
    pub(super) choices: Vec<Choice>,
}

/// A type that an alias stands for. A record is a class with a name of its own.
pub(super) struct Choice {
    pub(super) ty: Type,
    pub(super) class: Option<String>,
}

/// An event with the names of its class and of the class of its data.
pub(super) struct Declared<'a> {
    pub(super) event: &'a Event,
    pub(super) name: String,
    pub(super) data: String,
}

impl<'a> Module<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Self {
        let mut names = names::module();
        let events: Vec<(&Event, String)> =
            catalog.events.iter().map(|event| (event, names.take(&event.name))).collect();
        let types: Vec<(&str, &Value, String)> =
            catalog.types.iter().map(|(name, schema)| (name.as_str(), schema, names.take(name))).collect();
        let types = types.into_iter().map(|(key, schema, name)| (key, Named::of(schema, name, &mut names)));
        let types = types.collect();
        let declared = |(event, name): (&'a Event, String)| {
            let data = names.take(&format!("{name}Data"));
            Declared { event, name, data }
        };
        let events = events.into_iter().map(declared).collect();
        Self { names, types, events }
    }

    /// The name of a type that a schema names.
    pub(super) fn name(&self, of: &str) -> &str {
        self.types.get(of).map_or("t.Any", |found| &found.name)
    }

    /// The alias that a type names.
    pub(super) fn alias(&self, ty: &Type) -> Option<&Named<'a>> {
        let Type::Named(name) = ty else { return None };
        self.types.get(name.as_str()).filter(|found| !found.choices.is_empty())
    }
}

impl<'a> Named<'a> {
    fn of(schema: &'a Value, name: String, names: &mut Names) -> Self {
        let docs = description(schema);
        let ty = Type::of(schema);
        let choices = match &ty {
            Type::Record(_) => Vec::new(),
            Type::Either(choices) => {
                choices.iter().enumerate().map(|(at, choice)| Choice::of(choice, at, &name, names)).collect()
            }
            other => vec![Choice { ty: other.clone(), class: None }],
        };
        Self { name, docs, ty, choices }
    }
}

impl Choice {
    fn of(ty: &Type, at: usize, alias: &str, names: &mut Names) -> Self {
        let class = match ty {
            Type::Record(members) => Some(names.take(&format!("{alias}{}", variant(members, at)))),
            _ => None,
        };
        Self { ty: ty.clone(), class }
    }
}

/// `Mail` for a choice with the tag `mail`, or with `mail` as its only key; otherwise its position.
fn variant(members: &[Member], at: usize) -> String {
    let tag = members.iter().find_map(|member| match &member.ty {
        Type::Literals(values) => values.first()?.as_str(),
        _ => None,
    });
    match (tag, members) {
        (Some(tag), _) => capitals(tag),
        (None, [only]) => capitals(&only.name),
        _ => (at + 1).to_string(),
    }
}

fn capitals(words: &str) -> String {
    let word = |word: &str| {
        word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>()
    };
    words.split(|c: char| !c.is_alphanumeric()).map(word).collect()
}
