//! `#[events(..)]` on the enum.

use syn::{Attribute, LitStr, Path};

use super::{Place, collect, unknown};
use crate::ctxt::Ctxt;

const VERSION: &str = "version";
const PREFIX: &str = "prefix";
const DERIVE: &str = "derive";
const CRATE: &str = "crate";

pub(crate) const WORDS: &[&str] = &[VERSION, PREFIX, DERIVE, CRATE];

/// What the attribute says.
#[derive(Default)]
pub(crate) struct DefinitionAttrs {
    pub(crate) version: Option<u32>,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) derives: Vec<Path>,
    pub(crate) krate: Option<Path>,
}

impl DefinitionAttrs {
    pub(crate) fn read(ctxt: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut found = Self::default();
        for word in collect(ctxt, attrs, Place::Definition) {
            match word.name.as_str() {
                VERSION => found.version = word.number(ctxt),
                PREFIX => found.prefix = word.text(ctxt),
                DERIVE => found.derives = word.list(ctxt, "derive(PartialEq)").unwrap_or_default(),
                CRATE => found.krate = word.path(ctxt),
                _ => unknown(ctxt, &word, Place::Definition),
            }
        }
        found
    }
}
