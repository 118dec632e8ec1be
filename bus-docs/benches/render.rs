//! The time to render 400 kinds: `cargo bench -p agent-events-docs`. It fails if that takes two
//! seconds or more.

use std::time::{Duration, Instant};

use bus_docs::Format;

#[path = "../tests/all/many.rs"]
#[allow(dead_code, reason = "the tests in it are not run here")]
mod many;

fn main() -> std::process::ExitCode {
    let catalog = many::catalog(400);
    let begun = Instant::now();
    for format in Format::ALL {
        let part = Instant::now();
        let files = format.render(&catalog);
        let bytes: usize = files.values().map(String::len).sum();
        println!(
            "{:<11} {:>4} files {:>9} bytes {:>7.1} ms",
            format.name,
            files.len(),
            bytes,
            millis(part.elapsed())
        );
    }
    let took = begun.elapsed();
    println!("400 kinds: {:.1} ms", millis(took));
    if took < Duration::from_secs(2) { 0.into() } else { 1.into() }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
