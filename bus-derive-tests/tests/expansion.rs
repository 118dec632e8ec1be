//! What the derive expands to, in files that a reviewer can read: a change of generated code shows as a change of these.
//!
//! The derive is a library call here: its modules are compiled into this test, since a crate of macros exports nothing
//! else. After a change on purpose: `UPDATE_EXPECT=1 cargo test -p bus-derive-tests --test expansion`.
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

/// An event without fields, one with required fields only: nothing is generated that is not needed.
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

/// A word of each kind.
#[test]
fn words() {
    check_expansion(include_str!("expansion/words.txt"), &expect_file!["expansion/words.expanded.txt"]);
}

/// Mistakes come first, then code for all that could be read.
#[test]
fn mistakes() {
    check_expansion(include_str!("expansion/mistakes.txt"), &expect_file!["expansion/mistakes.expanded.txt"]);
}

/// A struct is answered with how it is written as an enum, and a stub.
#[test]
fn a_struct() {
    check_expansion("struct Started { target: String }", &expect_file!["expansion/struct.expanded.txt"]);
}

/// While somebody types, an editor has what is finished: helpers of whole variants, and of a half-typed one.
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

/// The tokens with one of them left out, for each of them, also inside of brackets.
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

/// Nothing that is half written makes the derive panic or write what is no Rust: an editor hands it over with every key.
#[test]
fn whatever_is_left_out_what_is_written_is_rust() {
    let sources = [include_str!("expansion/documented.txt"), include_str!("expansion/words.txt")];
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
