//! The executions for a reader: their progress and their answers.

use std::collections::{BTreeMap, BTreeSet};

use bus_agent::{
    ClientOutputDelta, ExecutionCompleted, ExecutionFailed, ExecutionPaused, ExecutionStarted, GoalProgress,
    LlmTextDelta, NodeLoopStarted,
};
use bus_core::AnyEvent;

use super::bars::Bar;
use super::text::{Paint, plain};
use crate::events::{FileUnreadable, QuestionResumed};

/// The state of all questions.
#[derive(Default)]
pub(crate) struct Answers {
    bars: BTreeMap<String, Bar>,
    /// By the number of the execution: the question, and its answer or the reason why there is
    /// none.
    ended: BTreeMap<usize, (String, Result<String, String>)>,
    /// The numbers of those whose lines were taken.
    taken: BTreeSet<usize>,
    unreadable: Vec<String>,
}

impl Answers {
    /// Processes an event; most are ignored.
    pub(crate) fn see(&mut self, event: &AnyEvent) {
        if let Some(file) = event.payload::<FileUnreadable>() {
            self.unreadable.push(format!("{} could not be read: {}", file.path, file.reason));
        }
        let Some(execution) = event.execution() else { return };
        let asked =
            event.payload::<ExecutionStarted>().and_then(|started| started.input.get("question")?.as_str());
        let resumed = event.payload::<QuestionResumed>().map(|resumed| &*resumed.question);
        if let Some(question) = asked.or(resumed).map(str::to_owned) {
            let number = self.bars.len();
            let bar = Bar { number, question, state: "waiting".into(), ..Bar::default() };
            self.bars.insert(execution.to_owned(), bar);
        }
        let Some(bar) = self.bars.get_mut(execution) else { return };
        if let Some(delta) = event.payload::<ClientOutputDelta>() {
            bar.saying.push_str(&delta.content);
        } else if let Some(delta) = event.payload::<LlmTextDelta>() {
            bar.saying.push_str(&delta.content);
        } else if let Some(goal) = event.payload::<GoalProgress>() {
            bar.progress = bar.progress.max(goal.progress);
        } else if event.payload::<NodeLoopStarted>().is_some() {
            event.node().unwrap_or_default().clone_into(&mut bar.state);
            bar.saying.clear();
        } else if let Some(done) = event.payload::<ExecutionCompleted>() {
            let answer = done.output.get("answer").and_then(|answer| answer.as_str()).unwrap_or_default();
            self.ended.insert(bar.number, (bar.question.clone(), Ok(answer.to_owned())));
            (bar.progress, bar.state) = (1.0, "done".into());
            bar.saying.clear();
        } else if let Some(end) = event.payload::<ExecutionFailed>() {
            self.ended.insert(bar.number, (bar.question.clone(), Err(end.error.clone())));
            (bar.failed, bar.state) = (true, "failed".into());
            bar.saying.clear();
        } else if let Some(pause) = event.payload::<ExecutionPaused>() {
            self.ended.insert(bar.number, (bar.question.clone(), Err(pause.reason.clone())));
            (bar.failed, bar.state) = (true, "paused".into());
            bar.saying.clear();
        }
    }

    pub(crate) fn bars(&self) -> &BTreeMap<String, Bar> {
        &self.bars
    }

    /// Takes the answers that are new, in the order of the questions.
    pub(crate) fn take_lines(&mut self, paint: Paint) -> Vec<String> {
        let mut lines = Vec::new();
        for (number, (question, ended)) in &self.ended {
            if !self.taken.insert(*number) {
                continue;
            }
            let answer = match ended {
                Ok(answer) => plain(answer),
                Err(why) => paint.red(&format!("no answer: {}", plain(why))),
            };
            lines.push(format!("\n{}\n{answer}", paint.bold(&plain(question))));
        }
        lines
    }

    /// The errors, one line each without duplicates.
    pub(crate) fn faults(&self) -> Vec<String> {
        let failed = self.ended.values().filter_map(|(question, ended)| {
            ended.as_ref().err().map(|why| format!("{:?} has no answer: {}", plain(question), plain(why)))
        });
        self.unreadable.iter().map(|line| plain(line)).chain(failed).collect()
    }
}
