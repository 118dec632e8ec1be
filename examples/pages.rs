//! The code in the pages of this repository is compiled and run with the tests: each struct has a
//! page as its docs.

/// The first page.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The way from a channel of tokio.
#[cfg(doctest)]
#[doc = include_str!("../docs/from-broadcast.md")]
pub struct FromBroadcast;

/// The way from the bus that this one succeeds.
#[cfg(doctest)]
#[doc = include_str!("../docs/from-python.md")]
pub struct FromPython;
