//! Analyse: selects the sentences about the question from the passages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Notes, Read, Verdict, Work};
use crate::agent::{Agent, Stop};
use crate::corpus::{Candidate, sentences, summarize};

/// Ranks every sentence and keeps the few best.
pub(crate) struct Analyse;

impl Work for Analyse {
    const NAME: &'static str = "analyse";
    const ROUNDS: u64 = 1;
    const SHARE: (f64, f64) = (0.6, 0.7);
    const OUTPUT: &'static str = "findings";

    async fn round(&mut self, agent: &Agent, notes: &mut Notes, _: u64) -> Result<Verdict, Stop> {
        let mut candidates = Vec::new();
        for Read { score, under, extract } in &notes.read {
            let found = sentences(&extract.path, extract.line, &extract.text);
            candidates.extend(found.into_iter().map(|sentence| Candidate { score: *score, under, sentence }));
        }
        notes.findings = summarize(&agent.desk.corpus, &notes.question, &candidates);
        // A model may find an answer even if no sentence has the words of the question.
        let answerable = agent.desk.model.is_some() && !notes.read.is_empty();
        if notes.findings.is_empty() && !answerable {
            return Err(Stop::Failed("nothing in the folder speaks of this question".into()));
        }
        Ok(Verdict::Accept(format!("{} of {} sentences", notes.findings.len(), candidates.len())))
    }

    fn output(notes: &Notes) -> Value {
        json!(notes.findings)
    }

    fn restore(notes: &mut Notes, output: &Value) -> serde_json::Result<()> {
        notes.findings = Deserialize::deserialize(output)?;
        Ok(())
    }
}
