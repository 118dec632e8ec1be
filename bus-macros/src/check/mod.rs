//! Rules that need more than one keyword, each a function of its own.

mod field;
mod kind;
mod name;
mod relation;

use crate::ctxt::Ctxt;
use crate::model::Definition;

/// Reports each broken rule and replaces the faulty part, so that expansion can go on.
pub(crate) fn check(ctxt: &Ctxt, definition: &mut Definition) {
    kind::check_prefix(ctxt, definition);
    for event in &definition.events {
        kind::check_kinds(ctxt, event, definition);
        kind::check_alias_letters(ctxt, event);
        kind::check_aliases(ctxt, event, definition);
        field::check_fields(ctxt, event);
        relation::check_coalesce(ctxt, event);
        relation::check_policies(ctxt, event);
        relation::check_life(ctxt, event);
        relation::check_endings(ctxt, definition, event);
    }
    kind::check_distinct_kinds(ctxt, definition);
    name::check_distinct_helpers(ctxt, definition);
    name::check_own_helper(ctxt, definition);
    name::check_derives(ctxt, definition);
    name::check_generated_names(ctxt, definition);
    name::check_hidden_types(ctxt, definition);
}
