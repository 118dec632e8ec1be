//! `cargo xtask docs` and `cargo xtask check`.

use desk_events as _; // names the definitions, so that the linker keeps them

fn main() -> std::process::ExitCode {
    bus_docs::Project::new("Desk events").main()
}
