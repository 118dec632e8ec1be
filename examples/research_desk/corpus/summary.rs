//! The extractive summary: the few sentences that answer a question best, without repetition.

use std::collections::HashSet;

use super::sentences::{Form, Sentence};
use super::{Corpus, count, distinct, path_weight};

/// Sentences in an answer.
const MOST: usize = 5;
/// A sentence weaker than this share of the best one is noise.
const WORTH: f64 = 0.33;
/// Two sentences that share more of their words than this have the same content.
const ALIKE: f64 = 0.55;

/// A heading counts for every sentence below it, but less than the sentence itself.
const HEADING: f64 = 0.4;
/// The sentence after a good one often has the answer.
const FOLLOWING: f64 = 0.25;

/// A sentence and its scores.
pub(crate) struct Candidate<'a> {
    /// The score of its passage.
    pub(crate) score: f64,
    /// Its headings.
    pub(crate) under: &'a str,
    pub(crate) sentence: Sentence,
}

/// Chooses the sentences for an answer, best first.
pub(crate) fn summarize(corpus: &Corpus, question: &str, found: &[Candidate<'_>]) -> Vec<Sentence> {
    let asked: Vec<(String, f64)> =
        distinct(question).into_iter().map(|t| (t.clone(), corpus.weight(&t))).collect();
    let met = |terms: &HashSet<String>| -> f64 {
        asked.iter().filter(|(term, _)| terms.contains(term)).map(|(_, weight)| weight).sum()
    };
    let best_passage = found.iter().map(|candidate| candidate.score).fold(f64::MIN_POSITIVE, f64::max);
    let mut ranked: Vec<Ranked<'_>> = Vec::new();
    let mut before = 0.0;
    for Candidate { score, under, sentence } in found {
        let terms: HashSet<String> = distinct(&sentence.text).into_iter().collect();
        let headings: HashSet<String> = distinct(under).into_iter().collect();
        let own = met(&terms);
        let said = own + HEADING * met(&headings) + FOLLOWING * before;
        before = own;
        // A question is not an answer to itself.
        if !sentence.text.contains(question.trim()) {
            let passage = 0.5 + 0.5 * score / best_passage;
            let score = said * form_weight(sentence) * length_weight(&terms) * passage;
            ranked.push(Ranked { score, terms, sentence });
        }
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.sentence.line.cmp(&b.sentence.line)));
    choose(&ranked).into_iter().map(|candidate| candidate.sentence.clone()).collect()
}

/// The share of the question's weight that these texts cover: 1 if every term occurs.
pub(crate) fn coverage<'a>(corpus: &Corpus, question: &str, texts: impl Iterator<Item = &'a str>) -> f64 {
    let said: HashSet<String> = texts.flat_map(distinct).collect();
    let (mut met, mut all) = (0.0, 0.0);
    for term in distinct(question) {
        let weight = corpus.weight(&term);
        all += weight;
        met += if said.contains(&term) { weight } else { 0.0 };
    }
    if all > 0.0 { met / all } else { 0.0 }
}

struct Ranked<'a> {
    score: f64,
    terms: HashSet<String>,
    sentence: &'a Sentence,
}

fn choose<'a, 'b>(ranked: &'b [Ranked<'a>]) -> Vec<&'b Ranked<'a>> {
    let mut chosen: Vec<&Ranked<'_>> = Vec::new();
    let best = ranked.first().map_or(0.0, |candidate| candidate.score);
    for candidate in ranked.iter().take_while(|c| c.score > 0.0 && c.score >= best * WORTH) {
        if !chosen.iter().any(|taken| alike(&taken.terms, &candidate.terms)) {
            chosen.push(candidate);
        }
        if chosen.len() == MOST {
            break;
        }
    }
    chosen
}

fn alike(a: &HashSet<String>, b: &HashSet<String>) -> bool {
    let shared = a.intersection(b).count();
    let smaller = a.len().min(b.len());
    smaller > 0 && count(shared) / count(smaller) > ALIKE
}

fn form_weight(sentence: &Sentence) -> f64 {
    let form = match sentence.form {
        Form::Prose => 1.0,
        Form::Comment => 0.85,
        Form::Code => 0.35,
    };
    form * path_weight(&sentence.path)
}

/// Very short sentences are headings without a mark, very long ones are lists.
fn length_weight(terms: &HashSet<String>) -> f64 {
    match terms.len() {
        0..=2 => 0.5,
        3..=30 => 1.0,
        more => 30.0 / count(more),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Corpus, sentences};
    use super::*;

    fn corpus(name: &str, text: &str) -> (tempfile::TempDir, Corpus) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let corpus = Corpus::load(folder.path(), |_| true).unwrap();
        (folder, corpus)
    }

    fn candidate(sentence: Sentence) -> Candidate<'static> {
        Candidate { score: 1.0, under: "", sentence }
    }

    const BIRDS: &str = "Swifts sleep while they fly. They land only to breed.\n\nPenguins walk to the sea.\n\n\
        Swifts sleep in the air while they fly.\n\nThe weather was fine that day.\n";

    #[test]
    fn the_answer_covers_the_question_once() {
        let (_folder, corpus) = corpus("birds.md", BIRDS);
        let found: Vec<_> = sentences("birds.md", 1, BIRDS).into_iter().map(candidate).collect();
        let answer = summarize(&corpus, "Where do swifts sleep?", &found);
        assert_eq!(answer[0].line, 1);
        assert!(
            answer.iter().all(|s| !s.text.contains("weather") && !s.text.contains("Penguins")),
            "{answer:?}"
        );
        assert_eq!(answer.iter().filter(|s| s.text.contains("sleep")).count(), 1, "{answer:?}");
    }

    #[test]
    fn a_heading_helps_and_the_question_itself_is_no_answer() {
        let text = "Which licence is it under?\nMIT or Apache, as you like.\n\nIt is built with care.\n";
        let (_folder, corpus) = corpus("a.md", &format!("# Licence\n{text}"));
        let found: Vec<_> = sentences("a.md", 1, text)
            .into_iter()
            .map(|sentence| Candidate {
                score: 1.0,
                under: if sentence.line < 3 { "Licence" } else { "" },
                sentence,
            })
            .collect();
        let answer = summarize(&corpus, "Which licence is it under?", &found);
        assert_eq!(answer.iter().map(|s| s.line).collect::<Vec<_>>(), [2], "{answer:?}");
    }

    #[test]
    fn coverage_is_the_share_of_the_question() {
        let (_folder, corpus) = corpus("birds.md", BIRDS);
        assert!((coverage(&corpus, "swifts sleep", ["swifts sleep"].into_iter()) - 1.0).abs() < 1e-9);
        let half = coverage(&corpus, "swifts teleport", ["swifts sleep"].into_iter());
        assert!(half > 0.0 && half < 0.6, "{half}");
    }
}
