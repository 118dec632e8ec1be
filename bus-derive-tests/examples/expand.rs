//! Prints the output of the derive: a definition on standard input, code on standard output.
//!
//! `cargo run -q -p bus-derive-tests --example expand < definition.rs`

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

use std::error::Error;
use std::io::Read;

fn main() -> Result<(), Box<dyn Error>> {
    let mut source = String::new();
    std::io::stdin().read_to_string(&mut source)?;
    let code = expand::derive(source.parse()?);
    print!("{}", prettyplease::unparse(&syn::parse2(code)?));
    Ok(())
}
