//! Names that are valid in a Python class.

/// Keywords of the language.
const WORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Names that pydantic's models already have, and names in the types of fields.
const TAKEN: &[&str] = &[
    "construct",
    "copy",
    "dict",
    "json",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "from_orm",
    "schema",
    "schema_json",
    "update_forward_refs",
    "validate",
    "str",
    "int",
    "float",
    "bool",
    "list",
    "tuple",
    "pydantic",
    "t",
    "datetime",
];

/// The name of an attribute for a key, and whether it differs.
pub(super) fn attribute(key: &str) -> (String, bool) {
    let mut name: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit() || c == '_') || name.is_empty() {
        name.insert_str(0, "field_");
    }
    if WORDS.contains(&name.as_str()) || TAKEN.contains(&name.as_str()) || name.starts_with("model_") {
        name.push('_');
    }
    let renamed = name != key;
    (name, renamed)
}

#[cfg(test)]
mod tests {
    use super::attribute;

    #[test]
    fn keys_that_python_cannot_write_get_another_name() {
        for (key, name) in [
            ("from", "from_"),
            ("x-y", "x_y"),
            ("_id", "field__id"),
            ("json", "json_"),
            ("model_name", "model_name_"),
        ] {
            assert_eq!(attribute(key), (name.to_owned(), true));
        }
        assert_eq!(attribute("tool_name"), ("tool_name".to_owned(), false));
    }
}
