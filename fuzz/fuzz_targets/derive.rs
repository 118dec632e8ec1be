//! Any text as a definition: the derive says what is wrong, and never panics. A crate of macros cannot be called, so its modules are taken in by path.
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

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(tokens) = text.parse::<proc_macro2::TokenStream>() {
        drop(expand::derive(tokens));
    }
});
