//! `#[events(..)]` on the enum.

use syn::{Attribute, LitStr, Path};

use super::{Place, collect, unknown};
use crate::ctxt::Ctxt;

const VERSION: &str = "version";
const PREFIX: &str = "prefix";
const DERIVE: &str = "derive";
const CRATE: &str = "crate";

pub(crate) const KEYWORDS: &[&str] = &[VERSION, PREFIX, DERIVE, CRATE];

/// The parsed attribute.
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
        for keyword in collect(ctxt, attrs, Place::Definition) {
            match keyword.name.as_str() {
                VERSION => found.version = keyword.number(ctxt),
                PREFIX => found.prefix = keyword.text(ctxt),
                DERIVE => found.derives = keyword.list(ctxt, "derive(PartialEq)").unwrap_or_default(),
                CRATE => found.krate = keyword.path(ctxt),
                _ => unknown(ctxt, &keyword, Place::Definition),
            }
        }
        found
    }
}
