//! Makes the catalogue from descriptors.

use std::path::Path;

use bus_core::EventBus;
use bus_core::catalogue::{Descriptor, FieldDescriptor};
use schemars::SchemaGenerator;
use serde_json::Value;

use super::hidden::Hider;
use super::plain::Plain;
use super::{Catalog, End, Event, Field, Policy, Scope, example, schema, snake};

impl Catalog {
    /// Makes the catalogue of these events, in any order.
    pub fn of<'a>(
        title: impl Into<String>,
        events: impl IntoIterator<Item = &'a &'static Descriptor>,
    ) -> Self {
        let mut descriptors: Vec<&'static Descriptor> = events.into_iter().copied().collect();
        descriptors.sort_by_key(|descriptor| descriptor.kind);
        let mut generator = SchemaGenerator::default();
        let mut events: Vec<Event> =
            descriptors.iter().map(|descriptor| event(descriptor, &mut generator)).collect();
        let types = generator.take_definitions(true);
        let plain = Plain::of(types.keys());
        let mut types = plain.types(types);
        for schema in
            events.iter_mut().flat_map(|event| &mut event.fields).filter_map(|field| field.schema.as_mut())
        {
            plain.schema(schema);
        }
        let bus = EventBus::builder().build().ok();
        for (event, descriptor) in events.iter_mut().zip(&descriptors) {
            example::complete(event, descriptor, &types, bus.as_ref());
        }
        let mut hider = Hider::new(&types);
        let redacted = events.iter_mut().flat_map(|event| &mut event.fields).filter(|field| field.redacted);
        redacted.filter_map(|field| field.schema.as_mut()).for_each(|schema| *schema = hider.hide(schema));
        let hidden = hider.into_types();
        types.extend(hidden);
        let types = schema::used(&events, types.into_iter().collect());
        Self { format: Self::FORMAT, title: title.into(), events, types }
    }

    /// Makes the catalogue of all definitions that are linked into this program.
    ///
    /// # Errors
    /// If two events have the same kind or alias, with a line for each that has both locations; and
    /// if no definition is linked.
    pub fn linked(title: impl Into<String>) -> Result<Self, String> {
        let catalogue = bus_core::catalogue::Catalogue::linked().map_err(|duplicates| {
            let lines: Vec<String> = duplicates.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        if catalogue.is_empty() {
            return Err("no events are linked into this program: the linker drops a crate of which nothing is named. \
                        Add the crate with the definitions to the dependencies, and `use that_crate as _;` to the file \
                        that calls this"
                .to_owned());
        }
        Ok(Self::of(title, &catalogue.iter().collect::<Vec<_>>()))
    }
}

fn event(descriptor: &Descriptor, generator: &mut SchemaGenerator) -> Event {
    let file = descriptor.location.file.replace('\\', "/");
    let policy = &descriptor.policy;
    Event {
        kind: descriptor.kind.to_owned(),
        name: descriptor.name.to_owned(),
        helper: format!("emit_{}", snake(descriptor.name)),
        docs: descriptor.docs.trim().to_owned(),
        definition: descriptor.definition.to_owned(),
        module: descriptor.module.to_owned(),
        file: Path::new(&file).is_relative().then_some(file),
        version: descriptor.version,
        upcast: descriptor.upcast.is_some(),
        aliases: owned(descriptor.aliases),
        deprecated: descriptor.deprecated.map(str::to_owned),
        scope: Scope { node: descriptor.requires.node, execution: descriptor.requires.execution },
        policy: Policy {
            transient: policy.transient,
            critical: policy.critical,
            sticky: policy.sticky,
            coalesce: policy.coalesce.map(owned),
        },
        ends_with: descriptor
            .ends_with
            .iter()
            .map(|end| End { kind: end.kind.to_owned(), by: owned(end.by) })
            .collect(),
        life: descriptor.life.map(|step| step.to_string()),
        reply: descriptor.reply.map(str::to_owned),
        fields: descriptor.fields.iter().map(|found| field(found, generator)).collect(),
        example: None,
        example_lacks: Vec::new(),
    }
}

fn field(descriptor: &FieldDescriptor, generator: &mut SchemaGenerator) -> Field {
    Field {
        name: descriptor.name.to_owned(),
        ident: (descriptor.ident != descriptor.name).then(|| descriptor.ident.to_owned()),
        ty: descriptor.ty.to_owned(),
        docs: descriptor.docs.trim().to_owned(),
        required: descriptor.required,
        default: descriptor.default.map(str::to_owned),
        default_value: descriptor.optional.then_some(Value::Null),
        redacted: descriptor.redacted,
        flattened: descriptor.flattened,
        aliases: owned(descriptor.aliases),
        not_written: descriptor.skip_encoding,
        not_read: descriptor.skip_decoding,
        schema: descriptor.json_schema(generator).map(schemars::Schema::to_value),
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
