//! The values of two events.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::path::{Path, is_of};
use crate::event::ReadEvent;

/// The content of an event that is compared: its line without the keys that no two recordings
/// share.
pub(super) type Content = Map<String, Value>;

/// Times and ids. Executions are compared as a whole.
const NEVER: [&str; 5] = ["timestamp", "id", "seq", "causation_id", "execution_id"];

/// The attribute whose values are those of executions.
const PARENT: &str = "parent_execution_id";

/// The fields that are not compared as they stand.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    ignored: Vec<String>,
    renamed: Vec<String>,
}

impl Fields {
    pub(super) fn new() -> Self {
        Self { ignored: Vec::new(), renamed: vec![PARENT.to_owned()] }
    }

    pub(super) fn ignore(&mut self, field: String) {
        self.ignored.push(field);
    }

    pub(super) fn rename(&mut self, field: String) {
        self.renamed.push(field);
    }

    fn is_ignored(&self, path: &Path) -> bool {
        self.ignored.iter().any(|field| is_of(field, path.names()))
    }

    /// The number of the field that is renamed, for a value that can be an id.
    fn renamed(&self, path: &Path, value: &Value) -> Option<usize> {
        let is_id = matches!(value, Value::String(_) | Value::Number(_));
        self.renamed.iter().position(|field| is_id && is_of(field, path.names()))
    }

    /// Returns the content of an event without what is ignored.
    pub(super) fn content(&self, event: &ReadEvent) -> Content {
        let line = event.to_json();
        let Ok(mut content) = serde_json::from_str::<Content>(&line) else {
            return Content::from_iter([("line".to_owned(), Value::String(line))]);
        };
        content.retain(|key, _| !NEVER.contains(&&**key));
        self.remove_ignored(&mut content, &mut Path::default());
        content
    }

    fn remove_ignored(&self, members: &mut Content, path: &mut Path) {
        members.retain(|key, value| {
            let before = path.enter(key);
            let kept = !self.is_ignored(path);
            if kept {
                self.remove_inside(value, path);
            }
            path.leave(before);
            kept
        });
    }

    fn remove_inside(&self, value: &mut Value, path: &mut Path) {
        match value {
            Value::Object(members) => self.remove_ignored(members, path),
            Value::Array(elements) => elements.iter_mut().for_each(|value| self.remove_inside(value, path)),
            _ => {}
        }
    }

    /// Returns a number that is equal for contents that are equal but for renamed values.
    pub(super) fn key(&self, content: &Content) -> u64 {
        self.key_of_members(content, &mut Path::default())
    }

    /// The members of an object have no order.
    fn key_of_members(&self, members: &Content, path: &mut Path) -> u64 {
        let keys = members.iter().map(|(name, value)| {
            let before = path.enter(name);
            let key = self.key_of(value, path);
            path.leave(before);
            hash(&(name, key))
        });
        keys.fold(0, u64::wrapping_add)
    }

    fn key_of(&self, value: &Value, path: &mut Path) -> u64 {
        match value {
            Value::Object(members) => hash(&(5, self.key_of_members(members, path))),
            Value::Array(elements) => {
                let keys: Vec<u64> = elements.iter().map(|value| self.key_of(value, path)).collect();
                hash(&(4, keys))
            }
            value if self.renamed(path, value).is_some() => hash(&3),
            value => hash(value),
        }
    }

    /// Compares two contents, and reports each value that differs with its path.
    pub(super) fn compare(
        &self,
        expected: &Content,
        actual: &Content,
        renames: &mut Renames,
    ) -> Vec<Different> {
        let mut compared = Compared { fields: self, renames, found: Vec::new(), path: Path::default() };
        compared.members(expected, actual);
        compared.found
    }
}

pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A field whose values differ.
pub(super) struct Different {
    pub(super) field: String,
    pub(super) expected: Option<Value>,
    pub(super) actual: Option<Value>,
    pub(super) reason: Option<String>,
}

struct Compared<'a> {
    fields: &'a Fields,
    renames: &'a mut Renames,
    found: Vec<Different>,
    path: Path,
}

impl Compared<'_> {
    fn members(&mut self, expected: &Content, actual: &Content) {
        let added = actual.keys().filter(|name| !expected.contains_key(*name));
        for name in expected.keys().chain(added) {
            let before = self.path.enter(name);
            self.values(expected.get(name), actual.get(name));
            self.path.leave(before);
        }
    }

    fn values(&mut self, expected: Option<&Value>, actual: Option<&Value>) {
        let mut reason = None;
        match (expected, actual) {
            (Some(Value::Object(expected)), Some(Value::Object(actual))) => {
                return self.members(expected, actual);
            }
            (Some(Value::Array(expected)), Some(Value::Array(actual))) => {
                for index in 0..expected.len().max(actual.len()) {
                    let before = self.path.enter_element(index);
                    self.values(expected.get(index), actual.get(index));
                    self.path.leave(before);
                }
                return;
            }
            (Some(left), Some(right)) => {
                let renamed = self.fields.renamed(&self.path, left);
                match renamed.filter(|_| self.fields.renamed(&self.path, right).is_some()) {
                    Some(field) => match self.renames.pair(field, left, right) {
                        Ok(()) => return,
                        Err(earlier) => reason = Some(earlier),
                    },
                    None if left == right => return,
                    None => {}
                }
            }
            _ => {}
        }
        let field = self.path.shown().to_owned();
        self.found.push(Different { field, expected: expected.cloned(), actual: actual.cloned(), reason });
    }
}

/// Which value of a renamed field stands for which: one for one, over the whole recording.
#[derive(Debug)]
pub(super) struct Renames {
    /// By the number of the field.
    actual: HashMap<(usize, String), String>,
    expected: HashMap<(usize, String), String>,
}

impl Renames {
    /// Begins with the executions that belong together, for fields with the id of one.
    pub(super) fn new(fields: &Fields, executions: &[(&str, &str)]) -> Self {
        let mut renames = Self { actual: HashMap::new(), expected: HashMap::new() };
        for (number, field) in fields.renamed.iter().enumerate() {
            for (expected, actual) in executions.iter().filter(|_| field.ends_with("execution_id")) {
                // No error: an execution is in one pair.
                let _ = renames.pair(number, &Value::from(*expected), &Value::from(*actual));
            }
        }
        renames
    }

    /// Notes that two values stand for each other. The error is the earlier pair with one of them.
    fn pair(&mut self, field: usize, expected: &Value, actual: &Value) -> Result<(), String> {
        let key = |value: &Value| (field, value.to_string());
        let (left, right) = (key(expected), key(actual));
        match (self.actual.get(&left), self.expected.get(&right)) {
            (None, None) => {
                self.actual.insert(left.clone(), right.1.clone());
                self.expected.insert(right, left.1);
                Ok(())
            }
            (Some(earlier), _) if *earlier != right.1 => Err(format!("{} was {earlier} before", left.1)),
            (_, Some(earlier)) if *earlier != left.1 => Err(format!("{} was {earlier} before", right.1)),
            _ => Ok(()),
        }
    }
}
