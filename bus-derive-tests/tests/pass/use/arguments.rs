//! The arguments of helpers and setters.
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bus_core::{AgentEvent, EventBus, Object, object};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallId(String);

impl From<&str> for CallId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// An alias is the number itself, so a literal is one.
pub type UserId = u64;

#[derive(AgentEvent)]
pub enum UserEvents {
    UserCame { user: UserId, guest: Option<UserId>, #[event(default = 7)] host: UserId },
}

#[derive(AgentEvent)]
pub enum ToolEvents {
    ToolCalled { call: CallId, name: String, path: PathBuf, shared: Box<str>, input: Object, any: Value },
    ToolTuned { limit: Option<u32>, label: Option<String>, extra: Option<Object>, any: Option<Value> },
}

fn main() {
    let desk = EventBus::new().stream("desk");
    desk.emit_tool_called("c", "n", "p", "s", object! { "a": 1 }, 1).send();
    desk.emit_tool_called(CallId::from("c"), String::from("n"), Path::new("p"), Box::<str>::from("s"), Object::new(), "x").send();
    desk.emit_tool_called("c", Cow::Borrowed("n"), PathBuf::new(), String::new(), [("a", 1), ("b", 2)], json!([1])).send();
    desk.emit_tool_called("c", 'n', "p", "s", HashMap::from([("a", "x")]), vec![1, 2]).send();
    desk.emit_tool_called("c", &String::from("n"), "p", "s", BTreeMap::from([("a".to_owned(), json!(null))]), true).send();
    desk.emit_tool_called("c", "n", "p", "s", vec![("a", 1.5)], Value::Null).send();
    desk.emit_user_came(7).guest(8).host(9).send();
    desk.emit_tool_tuned().limit(1).label("l").extra(object! {}).any("x").send();
    desk.emit_tool_tuned().maybe_limit(None).maybe_label(Some("l".into())).maybe_extra(None).maybe_any(None).send();
}
