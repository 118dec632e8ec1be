//! The way to a value inside of an event.

/// The names of the members that lead to a value, with and without the indexes of lists.
#[derive(Debug, Default)]
pub(super) struct Path {
    shown: String,
    names: String,
}

/// The lengths of a path, to return to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before(usize, usize);

impl Path {
    /// The path with indexes: `data.messages[2].role`.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The path without them: `data.messages.role`.
    pub(super) fn names(&self) -> &str {
        &self.names
    }

    pub(super) fn enter(&mut self, name: &str) -> Before {
        let before = Before(self.shown.len(), self.names.len());
        for path in [&mut self.shown, &mut self.names] {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        before
    }

    pub(super) fn enter_element(&mut self, index: usize) -> Before {
        let before = Before(self.shown.len(), self.names.len());
        for part in ["[", &index.to_string(), "]"] {
            self.shown.push_str(part);
        }
        before
    }

    pub(super) fn leave(&mut self, before: Before) {
        self.shown.truncate(before.0);
        self.names.truncate(before.1);
    }
}

/// Whether a field of this name, or with this end of its path, is at the path.
pub(super) fn is_of(field: &str, path: &str) -> bool {
    path.strip_suffix(field).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn a_field_is_a_whole_name_or_the_end_of_a_path() {
        assert!(is_of("tool_use_id", "data.tool_use_id"));
        assert!(is_of("usage.tokens", "data.reply.usage.tokens"));
        assert!(is_of("correlation_id", "correlation_id"));
        assert!(!is_of("id", "data.tool_use_id"));
        assert!(!is_of("tool_use_id", "data.tool_use_id.part"));
    }
}
