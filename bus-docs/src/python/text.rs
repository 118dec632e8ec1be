//! Strings and docstrings.

use std::fmt::Write as _;

use serde_json::Value;

/// A string. Python reads the escapes of JSON the same way.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Text inside of a docstring.
pub(super) fn escaped(text: &str) -> String {
    // Python refuses a source with this character.
    text.replace('\\', "\\\\").replace("\"\"\"", "'''").replace('\0', "\\0")
}

/// Returns whether it wrote a docstring.
pub(super) fn docstring(out: &mut String, indent: &str, docs: &str) -> bool {
    let docs = escaped(docs);
    let mut lines = docs.trim().lines();
    let Some(first) = lines.next() else { return false };
    // A quote at the end would end the docstring.
    let end = if docs.trim_end().ends_with('"') { " " } else { "" };
    let _ = write!(out, "{indent}\"\"\"{first}");
    let mut several = false;
    for line in lines {
        several = true;
        let line = if line.is_empty() { String::new() } else { format!("{indent}{line}") };
        let _ = write!(out, "\n{line}");
    }
    let _ = if several { writeln!(out, "\n{indent}\"\"\"") } else { writeln!(out, "{end}\"\"\"") };
    true
}
