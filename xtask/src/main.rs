//! The tasks of this repository, run as `cargo xtask TASK`, for people and for CI.
//!
//! Each task is one module with a [`task::Task`] constant, and [`TASKS`] lists them: a new task is
//! its module and one line here. Exit codes: 0 done, 1 the task found a problem, 2 wrong use.

mod bench;
mod bench_compile;
mod check;
mod ci;
mod compiler;
mod docs;
mod fuzz;
mod lint;
mod minimal;
mod models;
mod monitor;
mod package;
mod process;
mod replay;
mod sim;
mod soak;
mod supply;
mod task;
mod test;
mod workspace;

use std::process::ExitCode;

use task::{Failure, Task};

/// Every task, in the order in which `--help` shows them.
const TASKS: &[&Task] = &[
    &test::TASK,
    &ci::TASK,
    &docs::TASK,
    &monitor::TASK,
    &check::TASK,
    &lint::TASK,
    &supply::TASK,
    &minimal::TASK,
    &package::TASK,
    &replay::TASK,
    &soak::TASK,
    &models::TASK,
    &sim::TASK,
    &fuzz::TASK,
    &bench::TASK,
    &bench_compile::TASK,
];

fn main() -> ExitCode {
    match dispatch(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

/// Finds the task that the first words name and passes the other words to it.
fn dispatch(mut words: Vec<String>) -> Result<(), Failure> {
    if words.is_empty() || matches!(words[0].as_str(), "-h" | "--help" | "help") {
        print!("{}", overview());
        return Ok(());
    }
    // A name may have two words, such as `bench compile`, so both are tried before the first alone.
    let named = |count: usize| {
        TASKS.iter().find(|task| words.get(..count).is_some_and(|name| task.name == name.join(" ")))
    };
    let Some(task) = named(2).or_else(|| named(1)) else {
        let name = &words[0];
        return Err(Failure::usage(format!("there is no task `{name}`; `cargo xtask --help` lists them")));
    };
    words.drain(..task.name.split(' ').count());
    if words.iter().take_while(|word| *word != "--").any(|word| word == "-h" || word == "--help") {
        println!("{}\n\n{}", task.summary, task.help.trim());
        return Ok(());
    }
    (task.run)(lexopt::Parser::from_args(words))
}

fn overview() -> String {
    let mut text =
        String::from("The tasks of this repository.\n\nUsage: cargo xtask TASK [OPTION…]\n\nTasks:\n");
    for task in TASKS {
        text.extend([
            "  ",
            task.name,
            &" ".repeat(15usize.saturating_sub(task.name.len())),
            task.summary,
            "\n",
        ]);
    }
    text.push_str(
        "\n`cargo xtask TASK --help` explains one of them.\n\
         Exit codes: 0 done, 1 the task found a problem, 2 wrong use.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn no_two_tasks_have_one_name() {
        let mut names: Vec<_> = TASKS.iter().map(|task| task.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TASKS.len());
    }

    #[test]
    fn overview_names_every_task() {
        let text = overview();
        for task in TASKS {
            assert!(
                text.contains(task.name) && text.contains(task.summary),
                "{} is missing in:\n{text}",
                task.name
            );
        }
    }

    #[test]
    fn an_unknown_task_is_wrong_use() {
        let failure = dispatch(words("tset")).unwrap_err();
        assert!(matches!(failure, Failure::Usage(_)));
        assert_eq!(failure.to_string(), "there is no task `tset`; `cargo xtask --help` lists them");
    }

    #[test]
    fn every_task_has_help_and_refuses_unknown_options() {
        for task in TASKS {
            assert!(dispatch(words(&format!("{} --help", task.name))).is_ok());
            assert!(task.help.contains("Usage: cargo xtask "), "{} has no usage line", task.name);
            let failure = dispatch(words(&format!("{} --no-such-option", task.name))).unwrap_err();
            assert!(matches!(failure, Failure::Usage(_)), "{} took an unknown option", task.name);
        }
    }
}
