//! Sets `other_compiler` where this is not the compiler that the pinned error texts were read with:
//! rustc words its errors anew with nearly every release.

use std::error::Error;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(other_compiler)");
    let output = Command::new(std::env::var("RUSTC")?).arg("--version").output()?;
    let line = String::from_utf8(output.stdout)?;
    if !is_release(&line, &std::env::var("CARGO_PKG_RUST_VERSION")?) {
        println!("cargo::rustc-cfg=other_compiler");
    }
    Ok(())
}

/// `rustc 1.95.2 (…)` is a release of 1.95; `rustc 1.95.0-nightly (…)` and `rustc 1.96.0 (…)` are
/// not.
fn is_release(line: &str, promised: &str) -> bool {
    let version = line.split_whitespace().nth(1).unwrap_or_default();
    let number = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    number(version) == number(promised) && !version.contains('-')
}
