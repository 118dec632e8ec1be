//! `GET events/{id}`: one event.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use bus_core::{EventId, Filter, Since};
use serde_json::json;
use serde_json::value::RawValue;

use super::asked::Asked;
use super::past::Walk;
use crate::access::Caller;
use crate::reply::{self, line};
use crate::shared::Shared;

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = match Asked::read(query.as_deref(), &["cut"]) {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    let cursor: EventId = match id.parse() {
        Ok(cursor) => cursor,
        Err(error) => return line(StatusCode::BAD_REQUEST, format!("{error}")),
    };
    let all = Filter::new();
    let before = EventId::new(cursor.run(), cursor.seq().saturating_sub(1));
    let mut walk = Walk::new(&shared.bus, [&all, &all], Since::After(before));
    while let Some(item) = walk.next().await {
        match item {
            Ok(event) if event.cursor() == cursor && caller.filter.matches(&event) => {
                let text = event.to_json();
                return reply::json(asked.cut.map_or(text.clone(), |most| cut(text, most)));
            }
            // The gap may lie before the event, so look on.
            Err(gap) if gap.to.run() != cursor.run() || gap.to.seq() < cursor.seq() => {}
            Err(gap) if caller.filter.is_empty() => return line(StatusCode::GONE, gap.to_string()),
            _ => break,
        }
    }
    line(StatusCode::NOT_FOUND, "no such event is known")
}

/// Writes an event whose data is longer than `most` bytes with `data` null, the beginning of its
/// text, and how long it is.
fn cut(text: String, most: usize) -> String {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let Ok(Envelope { data }) = serde_json::from_str(&text) else { return text };
    let data = data.get();
    if data.len() <= most {
        return text;
    }
    // It is a part of the text, so its position is known.
    let begin = data.as_ptr() as usize - text.as_ptr() as usize;
    let end = begin + data.len();
    let shown = data.floor_char_boundary(most);
    let note = json!({ "text": &data[..shown], "bytes": data.len() });
    format!("{}null,\"data_cut\":{note}{}", &text[..begin], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn long_data_is_cut_and_says_so() {
        let text = r#"{"type":"a","data":{"text":"ääää"},"seq":1}"#.to_owned();
        assert_eq!(cut(text.clone(), 100), text);
        let cut: serde_json::Value = serde_json::from_str(&cut(text, 12)).unwrap();
        assert_eq!(cut["data"], serde_json::Value::Null);
        assert_eq!(cut["data_cut"]["text"], "{\"text\":\"ä");
        assert_eq!((&cut["data_cut"]["bytes"], &cut["seq"]), (&19.into(), &1.into()));
    }
}
