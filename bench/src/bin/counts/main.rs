//! Counts allocations and bytes, which are the same at each run: for the results, and for the guard
//! of CI.
//!
//! Prints one JSON object with the name and the number of each count.

mod alloc;
mod events;
mod memory;
mod publish;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// A count with its name.
struct Count {
    name: &'static str,
    value: f64,
}

impl Count {
    fn new(name: &'static str, value: f64) -> Self {
        Self { name, value }
    }
}

fn main() {
    let counts = publish::counts().into_iter().chain(memory::counts());
    let counts: serde_json::Map<_, _> =
        counts.map(|count| (count.name.to_owned(), count.value.into())).collect();
    println!("{}", serde_json::to_string_pretty(&counts).expect("numbers are JSON"));
}
