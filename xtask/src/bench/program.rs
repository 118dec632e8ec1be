//! The program of the benchmarks, running and waiting for requests.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::workload::Workload;
use crate::task::Failure;

pub(super) struct Program {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(path: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(path);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::found("the program of the benchmarks has no standard input or output"));
        };
        Ok(Self { child, requests: Some(requests), answers: BufReader::new(answers) })
    }

    /// How often the work fits into this time.
    pub(super) fn fit(&mut self, workload: &Workload, slice: Duration) -> Result<u64, Failure> {
        let answer = self.ask("fit", workload, slice.as_micros())?;
        answer.parse().map_err(|_| unreadable(workload, &answer))
    }

    /// Does the work this often and returns the number for one.
    pub(super) fn take(&mut self, workload: &Workload, times: u64) -> Result<f64, Failure> {
        let answer = self.ask("take", workload, u128::from(times))?;
        answer.parse().map_err(|_| unreadable(workload, &answer))
    }

    fn ask(&mut self, request: &str, workload: &Workload, count: u128) -> Result<String, Failure> {
        let Workload { group, side, .. } = workload;
        if let Some(requests) = &mut self.requests {
            writeln!(requests, "{request}\t{group}\t{side}\t{count}")?;
            requests.flush()?;
        }
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Program {
    /// It ends when its input does.
    fn drop(&mut self) {
        self.requests = None;
        // A program that failed has printed the reason.
        _ = self.child.wait();
    }
}

fn unreadable(workload: &Workload, answer: &str) -> Failure {
    let Workload { group, side, .. } = workload;
    Failure::found(format!("`{group}`, side `{side}`, was answered with `{answer}`: its error is above"))
}
