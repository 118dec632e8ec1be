//! The parts of `research_desk` that need no bus, with the tests beside them.
//!
//! Cargo builds an example either to run it or to test it; these are needed both ways.
#![allow(dead_code, unused_imports, reason = "each part is used by others that are not here")]

#[path = "../research_desk/args.rs"]
mod args;
#[path = "../research_desk/view/bars.rs"]
mod bars;
#[path = "../research_desk/corpus/mod.rs"]
mod corpus;
#[path = "../research_desk/llm/mod.rs"]
mod llm;
#[path = "../research_desk/view/text.rs"]
mod text;
#[path = "../research_desk/tools.rs"]
mod tools;
