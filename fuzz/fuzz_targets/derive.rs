//! Any text as a definition: the derive reports errors, never panics, and writes Rust. A crate of
//! macros cannot be called, so its modules are included by path.
#![no_main]
#![allow(dead_code, unreachable_pub)]

#[path = "../../bus-macros/src/attr/mod.rs"]
mod attr;
#[path = "../../bus-macros/src/check/mod.rs"]
mod check;
#[path = "../../bus-macros/src/ctxt.rs"]
mod ctxt;
#[path = "../../bus-macros/src/expand/mod.rs"]
mod expand;
#[path = "../../bus-macros/src/model/mod.rs"]
mod model;

use quote::ToTokens;
use syn::visit::Visit;

/// A trait object without `dyn` is not Rust of this edition, and `syn` cannot parse `Name +` as a
/// type inside of `<..>`.
struct Bare(bool);

impl Visit<'_> for Bare {
    fn visit_type_trait_object(&mut self, object: &syn::TypeTraitObject) {
        self.0 |= object.dyn_token.is_none();
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    // The compiler passes only items to a derive.
    let Ok(item) = syn::parse_str::<syn::DeriveInput>(text) else { return };
    let mut bare = Bare(false);
    bare.visit_derive_input(&item);
    let tokens = expand::derive(item.into_token_stream());
    let written = syn::parse2::<syn::File>(tokens.clone());
    assert!(bare.0 || written.is_ok(), "{:?} in {tokens}", written.err());
});
