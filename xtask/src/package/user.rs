//! Programs of a user of the packages: what the first page says must work, and so must other names
//! for the dependency.

use std::fs;

use super::Folders;
use crate::process::run;
use crate::task::Failure;
use crate::workspace;

/// A program of a user: its dependencies as lines of TOML, and its source.
struct Program {
    name: &'static str,
    dependencies: String,
    source: String,
}

/// Runs each program.
pub(super) fn check(folders: &Folders) -> Result<(), Failure> {
    let page = fs::read_to_string(workspace::root().join("README.md"))?;
    for program in [first_of(&page)?, with_the_name_of_the_package(), with_another_name()] {
        let folder = folders.packages.join(program.name);
        fs::create_dir_all(folder.join("src"))?;
        let head = "version = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
        let manifest = format!("[package]\nname = \"{}\"\n{head}\n{}", program.name, program.dependencies);
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("src/main.rs"), program.source)?;
        // The versions of this repository, which are built already.
        fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
        run(folders.cargo(&folder).args(["run", "--quiet", "--package", program.name]))?;
    }
    Ok(())
}

/// The first program of a page, with the dependencies that stand there first.
fn first_of(page: &str) -> Result<Program, Failure> {
    let block = |language: &str| {
        let begun = page.lines().skip_while(|line| !line.starts_with(&format!("```{language}"))).skip(1);
        let lines: Vec<&str> = begun.take_while(|line| *line != "```").collect();
        let missing = || Failure::found(format!("README.md has no block of {language}"));
        if lines.is_empty() { Err(missing()) } else { Ok(lines.join("\n") + "\n") }
    };
    Ok(Program { name: "first-program", dependencies: block("toml")?, source: block("rust")? })
}

/// The library has its name whatever the package is called.
fn with_the_name_of_the_package() -> Program {
    Program {
        name: "unnamed",
        dependencies: "[dependencies]\nagent-events-core = \"0.1\"\n".to_owned(),
        source: definition("bus_core", ""),
    }
}

/// Under a name of the user's own, the definition says which.
fn with_another_name() -> Program {
    Program {
        name: "renamed",
        dependencies: "[dependencies]\nevents = { package = \"agent-events-core\", version = \"0.1\" }\n"
            .to_owned(),
        source: definition("events", "#[events(crate = events)]\n"),
    }
}

fn definition(library: &str, attribute: &str) -> String {
    format!(
        "#[derive({library}::AgentEvent)]\n{attribute}enum Doors {{\n    DoorOpened {{ door: {library}::Object }},\n}}\n\n\
         fn main() {{\n    let bus = {library}::EventBus::new();\n    \
         bus.stream(\"house\").emit_door_opened({library}::object! {{ \"name\": \"front\" }}).send();\n    \
         assert_eq!(bus.history().collect()[0].kind(), \"door_opened\");\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_program_and_its_dependencies_are_read_from_a_page() {
        let page = "# A\n```toml\n[dependencies]\na = \"1\"\n```\ntext\n```rust,standalone_crate\nfn main() {}\n```\n";
        let program = first_of(page).unwrap();
        assert_eq!(program.dependencies, "[dependencies]\na = \"1\"\n");
        assert_eq!(program.source, "fn main() {}\n");
        assert!(first_of("# A\n").is_err());
    }
}
