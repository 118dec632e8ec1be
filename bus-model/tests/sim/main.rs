//! A simulation of the whole bus: runtimes that stop, threads that die, and callbacks that do what
//! they should not, in virtual time, each program and its schedule from one seed.
//!
//! `cargo xtask sim` runs it.
#![cfg(bus_shuttle)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

mod act;
mod check;
mod emit;
mod events;
mod features;
mod log;
mod many;
mod one;
mod program;
mod reader;
mod rng;
mod subscription;
mod thread;
mod wait;
mod world;

fn number(name: &str, unless_set: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(unless_set)
}

/// `BUS_SIM_SEEDS` programs from the seed `BUS_SIM_FROM` on.
#[test]
fn every_program_keeps_the_promises() {
    if let Some(seeds) = one::asked() {
        return one::run(seeds);
    }
    let failed = many::run(number("BUS_SIM_FROM", 0), number("BUS_SIM_SEEDS", 1_000), None);
    assert!(failed.is_empty(), "{} programs failed", failed.len());
}

/// A seed that failed would be of little use otherwise.
#[test]
fn a_seed_is_one_program_and_one_schedule() {
    if one::asked().is_some() || std::env::var_os("BUS_FAULT").is_some() {
        return;
    }
    let seeds = 100;
    let (first, second) = (many::trace(seeds), many::trace(seeds));
    let mut lines = first.split(|byte| *byte == b'\n').zip(second.split(|byte| *byte == b'\n'));
    let other = lines.find(|(first, second)| first != second);
    let other = other.map(|(first, second)| [first, second].map(String::from_utf8_lossy));
    assert!(other.is_none() && first.len() == second.len(), "{other:?}");
    assert!(first.len() > 10_000, "the programs do nothing");
}

/// A fault switched on in the bus is seen.
#[test]
fn failpoints_are_caught() {
    if one::asked().is_some() || std::env::var_os("BUS_FAULT").is_some() {
        return;
    }
    for fault in many::FAULTS {
        let failed = many::run(0, number("BUS_SIM_SEEDS", 1_000), Some(fault));
        assert!(!failed.is_empty(), "no program sees the fault `{fault}`");
        println!("{fault}: caught by the program of seed {}", failed[0].0);
    }
}
