//! The output of the derive, in files that a reviewer can read: a change of generated code is a
//! change of these files.
//!
//! The test calls the derive as a library: it compiles the modules itself, because a crate of
//! macros exports nothing else. After an intended change: `UPDATE_EXPECT=1 cargo test -p
//! bus-derive-tests --test expansion`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

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

use expect_test::{ExpectFile, expect_file};
use proc_macro2::{Group, TokenStream, TokenTree};

#[track_caller]
fn check_expansion(source: &str, expected: &ExpectFile) {
    let input: TokenStream = source.parse().unwrap();
    let output = expand::derive(input);
    let file = syn::parse2(output.clone()).unwrap_or_else(|error| panic!("{error}: {output}"));
    expected.assert_eq(&prettyplease::unparse(&file));
}

/// An event without fields and one with required fields only: no unneeded code is generated.
#[test]
fn plain() {
    check_expansion(include_str!("expansion/plain.txt"), &expect_file!["expansion/plain.expanded.txt"]);
}

/// The example of the documentation: optional fields, scope, a pair, an alias.
#[test]
fn documented() {
    check_expansion(
        include_str!("expansion/documented.txt"),
        &expect_file!["expansion/documented.expanded.txt"],
    );
}

/// One attribute of each kind.
#[test]
fn attributes() {
    check_expansion(
        include_str!("expansion/attributes.txt"),
        &expect_file!["expansion/attributes.expanded.txt"],
    );
}

/// Mistakes come first, then code for everything that could be parsed.
#[test]
fn mistakes() {
    check_expansion(include_str!("expansion/mistakes.txt"), &expect_file!["expansion/mistakes.expanded.txt"]);
}

/// For a struct the derive reports the enum to write instead, and generates a stub.
#[test]
fn a_struct() {
    check_expansion("struct Started { target: String }", &expect_file!["expansion/struct.expanded.txt"]);
}

/// While the user types, an editor has the finished parts: helpers of complete variants, and of an
/// unfinished one.
#[test]
fn half_typed() {
    let helpers = |source: &str| {
        let output = expand::derive(source.parse().unwrap()).to_string();
        ["emit_target_started", "emit_target_finished", "emit_build_finished"]
            .into_iter()
            .filter(|helper| output.contains(&format!("fn {helper}")))
            .count()
    };
    let whole = "enum E { TargetStarted { target: String }, TargetFinished { ok: bool }, BuildFinished }";
    for typed in ["", " ok", " ok:", " ok: b", " ok: bool, w", " ok: bool, w:", " ok: bool, #[event()] "] {
        let source = whole.replace(" ok: bool ", &format!("{typed} "));
        assert_eq!(helpers(&source), 3, "{source}");
    }
    assert_eq!(helpers("enum E { TargetStarted { target: String }, Targ BuildFin, BuildFinished }"), 2);
}

/// The tokens without one of them, for each of them, also inside of brackets.
fn with_one_left_out(tokens: &TokenStream) -> Vec<TokenStream> {
    let all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let but = |index: usize, instead: Option<TokenTree>| {
        let (before, after) = (all[..index].iter().cloned(), all[index + 1..].iter().cloned());
        before.chain(instead).chain(after).collect::<TokenStream>()
    };
    let mut found = Vec::new();
    for (index, token) in all.iter().enumerate() {
        found.push(but(index, None));
        if let TokenTree::Group(group) = token {
            for inside in with_one_left_out(&group.stream()) {
                found.push(but(index, Some(Group::new(group.delimiter(), inside).into())));
            }
        }
    }
    found
}

/// No unfinished code makes the derive panic or write invalid Rust: an editor runs it at every key.
#[test]
fn unfinished_code_always_gives_valid_rust() {
    let sources = [include_str!("expansion/documented.txt"), include_str!("expansion/attributes.txt")];
    for source in sources {
        let left = with_one_left_out(&source.parse().unwrap());
        assert!(left.len() > 100);
        for input in left {
            let output = expand::derive(input.clone());
            if let Err(error) = syn::parse2::<syn::File>(output.clone()) {
                panic!("{error}\n{input}\n{output}");
            }
        }
    }
}
