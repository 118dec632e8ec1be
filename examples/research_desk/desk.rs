//! The desk: reads the folder, then works on all questions at the same time, one execution each.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bus_agent::AgentEventsEmit as _;
use bus_core::{Emitter, EventBus, Execution, NoNode, object};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agent::Stop;
use crate::corpus::Corpus;
use crate::events::DeskEventsEmit as _;
use crate::llm::Client;
use crate::nodes::{self, Analyse, Notes, Research, Work, Write};
use crate::resume::{self, Done, Job, Question};

/// State that all executions share.
pub(crate) struct Desk {
    pub(crate) corpus: Corpus,
    pub(crate) model: Option<Client>,
    /// Becomes true on Ctrl-C.
    pub(crate) stop: watch::Receiver<bool>,
    /// The number of tool calls so far, for their ids.
    pub(crate) calls: AtomicU64,
}

/// The result of the work, for the exit code.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) failed: usize,
    pub(crate) interrupted: bool,
}

/// Answers the questions and publishes everything else on the bus. With `opened` the desk stays
/// for further questions until Ctrl-C.
pub(crate) async fn run(
    bus: &EventBus,
    job: Job,
    model: Option<Client>,
    mut stop: watch::Receiver<bool>,
    opened: Option<watch::Sender<Option<Arc<Desk>>>>,
) -> Result<Outcome, String> {
    let Job { folder, questions, calls } = job;
    let stream = bus.stream("desk");
    stream.emit_stream_started().entry_point(folder.display().to_string()).await;
    if let Some(model) = &model {
        stream.emit_model_ready(model.model()).await;
    }
    let outcome = match open(&stream, &folder, stop.clone()).await {
        Ok(corpus) => {
            let desk = Arc::new(Desk { corpus, model, stop: stop.clone(), calls: AtomicU64::new(calls) });
            if let Some(opened) = &opened {
                opened.send_replace(Some(Arc::clone(&desk)));
            }
            let outcome = answer_all(&stream, desk, questions).await;
            if opened.is_some() {
                let _ = stop.wait_for(|stopped| *stopped).await;
            }
            Ok(outcome)
        }
        Err(problem) => Err(problem),
    };
    stream.emit_stream_stopped().await;
    outcome
}

/// All questions at the same time, each in a task of its own.
async fn answer_all(stream: &Emitter, desk: Arc<Desk>, questions: Vec<Question>) -> Outcome {
    let mut executions = JoinSet::new();
    for Question { number, text, done } in questions {
        let execution = stream.execution(resume::execution(number)).correlation(format!("question-{number}"));
        // Here and not in the task, so that they begin in the order of the questions.
        if done.is_some() {
            execution.emit_question_resumed(&text).await;
        } else {
            execution.emit_execution_started().input(object! { "question": text.as_str() }).await;
        }
        executions.spawn(answer(execution, Arc::clone(&desk), text, done.unwrap_or_default()));
    }
    let mut outcome = Outcome { failed: desk.corpus.unreadable.len(), interrupted: false };
    while let Some(ended) = executions.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(Stop::Interrupted)) => outcome.interrupted = true,
            Ok(Err(Stop::Failed(_))) | Err(_) => outcome.failed += 1,
        }
    }
    outcome
}

/// Reads the folder on a blocking thread and publishes the result.
async fn open(stream: &Emitter, folder: &Path, stop: watch::Receiver<bool>) -> Result<Corpus, String> {
    let (reader, path, stopped) = (stream.clone(), folder.to_owned(), stop.clone());
    let loading = tokio::task::spawn_blocking(move || {
        Corpus::load(&path, |files| {
            reader.emit_folder_read(files as u64).send();
            !*stop.borrow()
        })
    });
    let corpus = match loading.await {
        Ok(Ok(corpus)) => corpus,
        Ok(Err(error)) => return Err(format!("cannot read the folder {}: {error}", folder.display())),
        Err(error) => return Err(format!("reading the folder broke down: {error}")),
    };
    for (path, reason) in &corpus.unreadable {
        stream.emit_file_unreadable(path, reason).await;
    }
    let root = corpus.root.display().to_string();
    if corpus.lines == 0 && !*stopped.borrow() {
        return Err(format!("no file in {root} holds text"));
    }
    stream.emit_folder_indexed(root, corpus.files.len() as u64, corpus.lines as u64).await;
    Ok(corpus)
}

/// The execution of one question, which has begun.
pub(crate) async fn answer(
    execution: Emitter<NoNode, Execution>,
    desk: Arc<Desk>,
    question: String,
    mut done: Done,
) -> Result<(), Stop> {
    let mut notes = Notes { question, read: Vec::new(), findings: Vec::new(), answer: String::new() };
    let outcome = walk(&execution, &desk, &mut notes, &mut done).await;
    match &outcome {
        Ok(()) => {
            let sources: Vec<String> =
                notes.findings.iter().map(|f| format!("{}:{}", f.path, f.line)).collect();
            execution
                .emit_execution_completed()
                .output(object! { "answer": notes.answer, "sources": sources })
                .await;
        }
        Err(Stop::Interrupted) => {} // it is paused
        Err(Stop::Failed(why)) => {
            execution.emit_execution_failed(why).await;
        }
    }
    outcome
}

/// The edges of the graph.
async fn walk(
    execution: &Emitter<NoNode, Execution>,
    desk: &Arc<Desk>,
    notes: &mut Notes,
    done: &mut Done,
) -> Result<(), Stop> {
    nodes::run(Research::default(), execution, desk, notes, done).await?;
    edge(execution, done, Research::NAME, Analyse::NAME).await;
    nodes::run(Analyse, execution, desk, notes, done).await?;
    edge(execution, done, Analyse::NAME, Write::NAME).await;
    nodes::run(Write, execution, desk, notes, done).await
}

async fn edge(execution: &Emitter<NoNode, Execution>, done: &Done, from: &str, to: &str) {
    if !done.left.contains(from) {
        execution.node(from).emit_edge_traversed(from, to).edge_condition("on_success").await;
    }
}
