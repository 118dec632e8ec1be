//! Names that are valid in a Python module and in its classes.

use std::collections::BTreeMap;

use crate::envelope::KEYS;
use crate::model::{Names, identifier};

/// Keywords of the language.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Names that the module itself uses.
const MODULE: &[&str] = &[
    "_DECLARED",
    "_EVENT",
    "_Head",
    "_Model",
    "_OrNull",
    "_T",
    "_default",
    "_kinds",
    "_nullable",
    "_reader",
    "_use_default",
    "ALIASES",
    "Envelope",
    "Event",
    "KINDS",
    "Kind",
    "PydanticUseDefault",
    "Undeclared",
    "bool",
    "bytes",
    "core_schema",
    "datetime",
    "dict",
    "float",
    "functools",
    "int",
    "list",
    "load",
    "load_any",
    "property",
    "pydantic",
    "str",
    "t",
    "te",
    "tuple",
];

/// The methods of the envelope.
const METHODS: &[&str] = &["attributes"];

/// Attributes of pydantic's models and of their metaclass; a field would hide them, or take them
/// for its default.
const MODEL: &[&str] = &[
    "Config",
    "construct",
    "copy",
    "dict",
    "from_orm",
    "json",
    "model_computed_fields",
    "model_config",
    "model_construct",
    "model_copy",
    "model_dump",
    "model_dump_json",
    "model_extra",
    "model_fields",
    "model_fields_set",
    "model_json_schema",
    "model_parametrized_name",
    "model_post_init",
    "model_rebuild",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
    "mro",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "register",
    "schema",
    "schema_json",
    "self",
    "update_forward_refs",
    "validate",
];

/// The names of a module in which nothing is declared yet. A type with the name of an attribute of
/// the envelope would be hidden inside of an event's class.
pub(super) fn module() -> Names {
    let keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    Names::with(&[KEYWORDS, MODULE, METHODS, &keys].concat())
}

fn is_of_envelope(name: &str) -> bool {
    METHODS.contains(&name) || KEYS.iter().any(|key| key.name == name)
}

/// The attributes of a class with these keys, each once. Python evaluates the types of a class
/// among its attributes, so no attribute has a name of the module.
pub(super) fn attributes<'a>(
    keys: impl Iterator<Item = &'a str> + Clone,
    module: &Names,
) -> BTreeMap<&'a str, String> {
    let mut taken = Names::default();
    let mut attributes = BTreeMap::new();
    // A key that is a name keeps it, wherever it stands among those that are not.
    let (names, others): (Vec<&str>, Vec<&str>) = keys.partition(|key| attribute(key, module) == *key);
    for key in names.into_iter().chain(others) {
        attributes.insert(key, taken.take(&attribute(key, module)));
    }
    attributes
}

fn attribute(key: &str, module: &Names) -> String {
    let mut name = identifier(key);
    // Pydantic ignores names that begin so.
    if name.starts_with('_') {
        name.insert_str(0, "field");
    }
    while MODEL.contains(&name.as_str()) || (module.has(&name) && !is_of_envelope(&name)) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &[&str]) -> Vec<String> {
        let mut module = module();
        module.take("Usage");
        let found = attributes(keys.iter().copied(), &module);
        keys.iter().map(|key| found[key].clone()).collect()
    }

    #[test]
    fn keys_that_python_cannot_write_get_another_name() {
        let pairs = [
            ("from", "from_"),
            ("x-y", "x_y"),
            ("_id", "field_id"),
            ("1st", "field_1st"),
            ("", "field_"),
            ("json", "json_"),
            ("register", "register_"),
            ("model_dump", "model_dump_"),
            ("model_name", "model_name"),
            ("tool_name", "tool_name"),
            ("type", "type"),
            ("größe", "größe"),
            ("ﬁnal", "field_nal"),
        ];
        for (key, name) in pairs {
            assert_eq!(names(&[key]), [name], "{key}");
        }
    }

    #[test]
    fn keys_that_would_become_one_name_get_two() {
        assert_eq!(names(&["a-b", "a_b", "a.b"]), ["a_b_", "a_b", "a_b__"]);
        assert_eq!(names(&["größe", "grüße", "gr__e"]), ["größe", "grüße", "gr__e"]);
        assert_eq!(names(&["class", "class_"]), ["class__", "class_"]);
    }

    #[test]
    fn no_attribute_hides_a_name_of_the_module() {
        assert_eq!(names(&["Usage", "usage", "str", "pydantic"]), ["Usage_", "usage", "str_", "pydantic_"]);
    }
}
