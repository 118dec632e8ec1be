//! `GET catalogue`: the kinds of events, from their definitions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bus_core::catalogue::{Descriptor, FieldDescriptor, Life};
use serde_json::{Value, json};

use crate::reply;
use crate::shared::Shared;

pub(crate) async fn catalogue(State(shared): State<Arc<Shared>>) -> Response {
    let events: Vec<Value> = shared.bus.catalogue().iter().map(event).collect();
    reply::json(json!({ "events": events }).to_string())
}

fn event(event: &Descriptor) -> Value {
    let ends = event.ends_with.iter().map(|end| json!({ "kind": end.kind, "by": end.by }));
    json!({
        "kind": event.kind,
        "name": event.name,
        "version": event.version,
        "aliases": event.aliases,
        "docs": event.docs,
        "definition": event.definition,
        "deprecated": event.deprecated,
        "scope": { "node": event.requires.node, "execution": event.requires.execution },
        "policy": {
            "transient": event.policy.transient,
            "critical": event.policy.critical,
            "sticky": event.policy.sticky,
            "coalesce": event.policy.coalesce,
        },
        "life": event.life.map(Life::as_str),
        "ends_with": ends.collect::<Vec<_>>(),
        "reply": event.reply,
        "fields": event.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn field(field: &FieldDescriptor) -> Value {
    json!({
        "name": field.name,
        "type": field.ty,
        "docs": field.docs,
        "required": field.required,
        "default": field.default,
        "redacted": field.redacted,
    })
}
