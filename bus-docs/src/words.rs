//! Types in the words of JSON and of Rust, with links to those that have a name, for pages in any
//! markup.

use serde_json::Value;

use crate::model::{Catalog, Field, resolved};
use crate::types::{Member, Type};

/// A text in which names of types are links.
#[derive(Default)]
pub(crate) struct Words(Vec<Part>);

enum Part {
    Text(String),
    Link(String),
}

impl Words {
    /// A type in JSON's terms.
    pub(crate) fn of(ty: &Type) -> Self {
        let mut words = Self::default();
        words.shape(ty);
        words
    }

    /// The type of a field as written in Rust.
    pub(crate) fn in_rust(catalog: &Catalog, field: &Field) -> Self {
        let mut words = Self::default();
        let mut rest = field.ty.as_str();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let end = if word(first) {
                rest.find(|c: char| !word(c)).unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (part, after) = rest.split_at(end);
            if field.schema.is_some() && catalog.types.contains_key(part) {
                words.link(part);
            } else {
                words.text(part);
            }
            rest = after;
        }
        words
    }

    /// The text in a markup that writes text and links in its way.
    pub(crate) fn show(&self, text: impl Fn(&str) -> String, link: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(words) => text(words),
            Part::Link(name) => link(name),
        };
        self.0.iter().map(part).collect()
    }

    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Part::Text(before)) => before.push_str(text),
            _ => self.0.push(Part::Text(text.to_owned())),
        }
    }

    fn link(&mut self, name: &str) {
        self.0.push(Part::Link(name.to_owned()));
    }

    fn shape(&mut self, ty: &Type) {
        match ty {
            Type::Any => self.text("any value"),
            Type::Null => self.text("null"),
            Type::Boolean => self.text("boolean"),
            Type::Integer | Type::LongInteger => self.text("integer"),
            Type::Number => self.text("number"),
            Type::Text => self.text("string"),
            Type::Literals(values) => {
                self.text(&values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
            }
            Type::List(item) => {
                self.text("list of ");
                self.shape(item);
            }
            Type::Tuple(places) => {
                self.text("[");
                self.list(places, ", ", Self::shape);
                self.text("]");
            }
            Type::Map(value) => {
                self.text("map to ");
                self.shape(value);
            }
            Type::Record(members) => {
                self.text("{ ");
                self.list(members, ", ", Self::member);
                self.text(" }");
            }
            Type::Named(name) => self.link(name),
            Type::Either(choices) => self.list(choices, " or ", Self::shape),
            Type::Both(parts) => self.list(parts, " and ", Self::shape),
        }
    }

    fn member(&mut self, member: &Member) {
        let mark = if member.required { "" } else { "?" };
        self.text(&format!("{}{mark}: ", member.name));
        self.shape(&member.ty);
    }

    fn list<T>(&mut self, all: &[T], between: &str, write: impl Fn(&mut Self, &T)) {
        for (at, one) in all.iter().enumerate() {
            if at > 0 {
                self.text(between);
            }
            write(self, one);
        }
    }
}

/// The values of a field, if its type lists them.
pub(crate) fn listed(catalog: &Catalog, field: &Field) -> Vec<String> {
    let ty = field.schema.as_ref().map(|schema| Type::of(resolved(schema, &catalog.types)));
    let Some(Type::Literals(values)) = ty else { return Vec::new() };
    values.iter().map(Value::to_string).collect()
}

/// Each value of a type that lists them, with its doc comment.
pub(crate) fn documented<'a>(schema: &'a Value, values: &[Value]) -> Vec<(String, &'a str)> {
    let choices = || ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(*key)?.as_array()).flatten();
    let docs = |value: &Value| {
        let found = choices().find(|choice| choice.get("const") == Some(value))?;
        found.get("description")?.as_str()
    };
    values.iter().map(|value| (value.to_string(), docs(value).unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_types_are_links_and_the_text_between_them_is_whole() {
        let tree = || Type::Named("Tree".to_owned());
        let pair = Type::Tuple(vec![tree(), Type::List(Box::new(Type::Text))]);
        let ty = Type::Either(vec![pair, Type::Literals(vec![json!("a|b")]), Type::Null]);
        let shown = Words::of(&ty).show(|text| format!("‹{text}›"), |name| format!("#{name}"));
        assert_eq!(shown, "‹[›#Tree‹, list of string] or \"a|b\" or null›");
    }
}
