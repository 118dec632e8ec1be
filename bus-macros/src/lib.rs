//! The derive of `bus-core`: use it from there, as `bus_core::AgentEvent`.
//!
//! From a definition to code: `ctxt` collects mistakes, `attr` reads attributes, `model` turns the
//! enum into the data that expansion needs, `check` has the rules, and `expand` writes the code.

mod attr;
mod check;
mod ctxt;
mod expand;
mod model;

use proc_macro::TokenStream;

#[doc = include_str!("derive.md")]
#[proc_macro_derive(AgentEvent, attributes(events, event, serde, schemars))]
pub fn derive_agent_event(input: TokenStream) -> TokenStream {
    expand::derive(input.into()).into()
}
