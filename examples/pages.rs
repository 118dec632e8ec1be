//! The code in the pages of this repository is compiled and run with the tests: each struct has a
//! page as its docs.

/// The first page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
