//! Measures bus-core and compares it with a list of closures and with its peers.
//! `cargo xtask bench` builds and runs it.

mod load;
mod measure;
#[cfg(feature = "peers")]
mod peer;
mod report;
mod request;
mod workload;

use std::time::Duration;

use measure::Effort;
use report::{Measured, Results};

/// The arguments of the command line.
struct Asked {
    quick: bool,
    /// The letters of the workloads; all where empty.
    only: Vec<String>,
    json: Option<String>,
    svg: Option<String>,
    counts: Option<String>,
    machine: String,
    compiler: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = lexopt::Parser::from_env();
    let mut asked = Asked {
        quick: false,
        only: Vec::new(),
        json: None,
        svg: None,
        counts: None,
        machine: "an unnamed machine".to_owned(),
        compiler: "rustc".to_owned(),
    };
    while let Some(word) = words.next()? {
        use lexopt::prelude::*;
        match word {
            Long("quick") => asked.quick = true,
            Long("json") => asked.json = Some(words.value()?.string()?),
            Long("svg") => asked.svg = Some(words.value()?.string()?),
            Long("counts") => asked.counts = Some(words.value()?.string()?),
            Long("machine") => asked.machine = words.value()?.string()?,
            Long("compiler") => asked.compiler = words.value()?.string()?,
            Value(word) if word == "drive" => return request::drive(words),
            Value(word) if word == "serve" => return request::serve(),
            Value(word) => asked.only.push(word.string()?),
            _ => return Err(word.unexpected().into()),
        }
    }
    run(asked)
}

fn run(asked: Asked) -> Result<(), Box<dyn std::error::Error>> {
    let effort = if asked.quick {
        Effort { rounds: 9, slice: Duration::from_millis(2) }
    } else {
        Effort { rounds: 31, slice: Duration::from_millis(5) }
    };
    let mut results = Results::new(asked.machine, asked.compiler, asked.quick);
    for (letter, workload) in workload::ALL {
        if !asked.only.is_empty() && !asked.only.iter().any(|only| only == letter) {
            continue;
        }
        for mut group in workload() {
            let taken = group.measure(effort);
            let measured = Measured::of(&group, &taken);
            print!("{}", report::table(&measured));
            results.groups.push(measured);
        }
    }
    print!("{}", report::summary(&results));
    if let Some(counts) = asked.counts {
        results.counts = serde_json::from_str(&counts)?;
    }
    if let Some(path) = asked.json {
        std::fs::write(path, serde_json::to_string_pretty(&results)? + "\n")?;
    }
    if let Some(path) = asked.svg {
        std::fs::write(path, report::svg(&results))?;
    }
    Ok(())
}
