//! Classes of records, of events and of their data.

use std::fmt::Write as _;

use serde_json::Value;

use super::module::{Declared, Module, Named};
use super::names;
use super::text::{docstring, quoted};
use super::value::{initial, shown};
use crate::envelope::{Form, Key, shared};
use crate::model::Field;
use crate::types::{Member, Type};

/// One key in a class.
struct Attribute<'a> {
    key: &'a str,
    older: &'a [String],
    ty: Type,
    default: Option<Value>,
    /// Whether null means the default.
    nullable: bool,
    docs: &'a str,
}

/// The class of the keys that every event has, up to its methods.
pub(super) fn envelope(out: &mut String, module: &Module<'_>) {
    out.push_str(
        "\n\nclass Envelope(_Model, frozen=True):\n    \"\"\"The envelope of every event.\"\"\"\n\n",
    );
    for Key { name, form, docs } in shared() {
        let ty = if *form == Form::Time { "datetime.datetime".to_owned() } else { shown(&form.ty(), module) };
        let default = if form.ty().takes_null() { " = None" } else { "" };
        let _ = writeln!(out, "    {name}: {ty}{default}");
        docstring(out, "    ", docs);
    }
    out.push('\n');
}

pub(super) fn record(out: &mut String, module: &Module<'_>, ty: &Named<'_>) {
    if let Type::Record(found) = &ty.ty {
        members(out, module, &ty.name, ty.docs, found);
    }
}

pub(super) fn members(out: &mut String, module: &Module<'_>, name: &str, docs: &str, members: &[Member]) {
    class(out, module, (name, docs), &members.iter().map(Attribute::of_member).collect::<Vec<_>>());
}

pub(super) fn data(out: &mut String, module: &Module<'_>, declared: &Declared<'_>) {
    let fields = declared.event.fields.iter().filter(|field| field.on_wire() && !field.flattened);
    let docs = format!("The data of `{}`.", declared.event.kind);
    class(out, module, (&declared.data, &docs), &fields.map(Attribute::of_field).collect::<Vec<_>>());
}

pub(super) fn event(out: &mut String, declared: &Declared<'_>) {
    let event = declared.event;
    let _ = writeln!(out, "\n\nclass {}(Envelope, frozen=True):", declared.name);
    docstring(out, "    ", &event.docs);
    let kind = quoted(&event.kind);
    let _ = if event.aliases.is_empty() {
        writeln!(out, "    type: t.Literal[{kind}]")
    } else {
        let kinds: Vec<String> =
            std::iter::once(&event.kind).chain(&event.aliases).map(|kind| quoted(kind)).collect();
        writeln!(out, "    type: t.Annotated[t.Literal[{kind}], _kinds({})]", kinds.join(", "))
    };
    for (key, needed) in [("node_id", event.scope.node), ("execution_id", event.scope.execution)] {
        if needed {
            let _ = writeln!(out, "    {key}: str = pydantic.Field(...)");
        }
    }
    let data = &declared.data;
    let required = event.fields.iter().any(|field| field.required);
    let missing =
        if required { String::new() } else { format!(" = pydantic.Field(default_factory=lambda: {data}())") };
    let _ = writeln!(out, "    data: {data}{missing}");
}

fn class(out: &mut String, module: &Module<'_>, (name, docs): (&str, &str), members: &[Attribute<'_>]) {
    let _ = writeln!(out, "\n\nclass {name}(_Model, frozen=True):");
    let documented = docstring(out, "    ", docs);
    let names = names::attributes(members.iter().map(|member| member.key), &module.names);
    for member in members {
        member.write(out, &names[member.key], module);
        docstring(out, "    ", member.docs);
    }
    if members.is_empty() && !documented {
        out.push_str("    pass\n");
    }
}

impl<'a> Attribute<'a> {
    fn of_member(member: &'a Member) -> Self {
        let default = (!member.required).then(|| member.default.clone().unwrap_or_default());
        let (ty, docs) = (member.ty.clone(), member.docs.as_str());
        Self { key: &member.name, older: &[], ty, default, nullable: false, docs }
    }

    fn of_field(field: &'a Field) -> Self {
        let default = (!field.required).then(|| field.default_value.clone().unwrap_or_default());
        let ty = field.schema.as_ref().map_or(Type::Any, Type::of);
        // The bus reads null as the default of the definition.
        let nullable = default.as_ref().is_some_and(|value| !value.is_null())
            && field.default.is_some()
            && !ty.takes_null();
        Self { key: &field.name, older: &field.aliases, ty, default, nullable, docs: &field.docs }
    }

    fn write(&self, out: &mut String, name: &str, module: &Module<'_>) {
        let optional = self.default == Some(Value::Null) && !self.ty.takes_null();
        let ty = shown(&self.ty, module) + if optional { " | None" } else { "" };
        let key = quoted(self.key);
        let mut arguments = Vec::new();
        arguments.extend(self.default.as_ref().map(|value| initial(value, &self.ty, &ty)));
        if !self.older.is_empty() {
            let names: Vec<String> = self.older.iter().map(|name| quoted(name)).collect();
            arguments.push(format!("validation_alias=pydantic.AliasChoices({key}, {})", names.join(", ")));
        }
        if name != self.key {
            let alias = if self.older.is_empty() { "alias" } else { "serialization_alias" };
            arguments.push(format!("{alias}={key}"));
        }
        let ty = if self.nullable { format!("_OrNull[{ty}]") } else { ty };
        let value = match &arguments[..] {
            [] => String::new(),
            [only] if only.starts_with("default=") => format!(" = {}", &only["default=".len()..]),
            several => format!(" = pydantic.Field({})", several.join(", ")),
        };
        let _ = writeln!(out, "    {name}: {ty}{value}");
    }
}
