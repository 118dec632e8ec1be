//! `GET events.json`: a page of the past.

use std::fmt::Write;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bus_core::{AnyEvent, Since};
use serde_json::json;

use super::asked::{Asked, View};
use super::feed::Item;
use super::past::{self, Page};
use super::row::row;
use crate::access::Caller;
use crate::reply;
use crate::shared::Shared;

/// A page with more bytes than this ends before its limit.
const BYTES: usize = 16 << 20;

const KNOWN: [&str; 11] =
    ["q", "kind", "stream", "node", "execution", "correlation", "since", "before", "newest", "limit", "view"];

pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = match Asked::read(query.as_deref(), &KNOWN) {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    let filters = [&caller.filter, &asked.filter];
    let since = asked.since.unwrap_or(Since::Beginning);
    let page = if asked.newest || asked.before.is_some() {
        past::newest(&shared.bus, filters, since, asked.before, asked.limit).await
    } else {
        past::oldest(&shared.bus, filters, since, asked.limit).await
    };
    reply::json(write(&page, asked.view))
}

/// Writes a page, as far as its bytes allow: the rest is the next page.
fn write(page: &Page, view: View) -> String {
    let (mut text, mut next) = (String::from("{\"items\":["), page.next);
    let mut before: Option<&Item> = None;
    for item in &page.items {
        if text.len() > BYTES {
            next = before.map(|item| page.place_of(item));
            break;
        }
        if before.is_some() {
            text.push(',');
        }
        match item {
            Ok(event) => text.push_str(&written(event, view)),
            Err(gap) => text.push_str(&json!({ "gap": gap }).to_string()),
        }
        before = Some(item);
    }
    let next = next.map(|next| next.to_string());
    let _ = write!(text, "],\"next\":{}}}", json!(next));
    text
}

fn written(event: &AnyEvent, view: View) -> String {
    match view {
        View::Full => event.to_json(),
        View::Row => row(event),
    }
}
