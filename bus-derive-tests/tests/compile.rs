//! Code that must not compile, with the exact error, and code that must.
//!
//! `fail/` has one mistake in each file; files with several are in `many/`. The errors are pinned
//! with one compiler, the `rust-version` of the root manifest (build.rs compares), and do not
//! depend on the component `rust-src`. After a change, read each of them as its user would, then
//! write them anew with that compiler: `TRYBUILD=overwrite cargo test -p bus-derive-tests --test
//! compile`.

#[test]
#[cfg_attr(other_compiler, ignore = "the texts are those of the `rust-version` in Cargo.toml")]
fn mistakes_are_refused_with_a_helpful_error() {
    trybuild::TestCases::new().compile_fail("tests/fail/*/*.rs");
}

#[test]
fn valid_code_compiles() {
    trybuild::TestCases::new().pass("tests/pass/*/*.rs");
}

/// One mistake is one error, and it fits on a screen, because nobody reads a longer one.
#[test]
fn each_mistake_is_one_error_that_fits_on_a_screen() {
    let mut mistakes = 0;
    for folder in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fail")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "stderr") {
                let text = std::fs::read_to_string(&path).unwrap();
                let errors = text.lines().filter(|line| line.starts_with("error")).count();
                assert_eq!(errors, 1, "{} has more than one", path.display());
                assert!(text.lines().count() < 25, "{} is too long", path.display());
                // The compiler prints lines of the standard library only where `rust-src` is
                // installed.
                assert!(!text.contains("$RUST"), "{} shows code of the standard library", path.display());
                mistakes += 1;
            }
        }
    }
    assert!(mistakes >= 25, "{mistakes} mistakes");
}
