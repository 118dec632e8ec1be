//! The folder of a question: its files as passages, and the ranking that finds them (BM25).

mod folder;
mod passages;
mod sentences;
mod summary;
mod terms;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::sentences::Form;
pub(crate) use self::sentences::{Sentence, sentences};
pub(crate) use self::summary::{Candidate, coverage, summarize};
pub(crate) use self::terms::{check, distinct};

/// The weight of repeated terms and the penalty of long passages: the usual values of BM25.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A passage from a search.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hit {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) last_line: usize,
    pub(crate) score: f64,
    /// Its headings, if the file has any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) under: String,
    pub(crate) text: String,
}

/// An indexed folder, read-only after it is made.
pub(crate) struct Corpus {
    /// The folder, with every link resolved.
    pub(crate) root: PathBuf,
    /// Every file, text or not, by its path below the folder.
    pub(crate) files: Vec<String>,
    /// The files that the system refused, with the reasons.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Lines of text in the index.
    pub(crate) lines: usize,
    passages: Vec<Indexed>,
    postings: HashMap<String, Vec<(u32, f32)>>,
    mean_length: f64,
}

struct Indexed {
    path: String,
    lines: (usize, usize),
    under: String,
    text: String,
    length: f64,
}

impl Corpus {
    /// Reads and indexes a folder. `progress` gets the number of files and stops the work by
    /// returning `false`.
    pub(crate) fn load(folder: &Path, progress: impl FnMut(usize) -> bool) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        let found = folder::walk(&root, progress)?;
        let mut corpus = Self {
            root,
            files: Vec::new(),
            unreadable: found.unreadable,
            lines: 0,
            passages: Vec::new(),
            postings: HashMap::new(),
            mean_length: 1.0,
        };
        for (path, text) in found.texts {
            corpus.lines += text.lines().count();
            for passage in passages::cut(&path, &text) {
                corpus.add(&path, passage);
            }
            corpus.files.push(path);
        }
        corpus.files.extend(found.skipped);
        corpus.files.extend(corpus.unreadable.iter().map(|(path, _)| path.clone()));
        corpus.files.sort_unstable();
        let total: f64 = corpus.passages.iter().map(|p| p.length).sum();
        corpus.mean_length = (total / count(corpus.passages.len())).max(1.0);
        Ok(corpus)
    }

    fn add(&mut self, path: &str, passage: passages::Passage) {
        let id = u32::try_from(self.passages.len()).unwrap_or(u32::MAX);
        let mut weights: HashMap<String, f32> = HashMap::new();
        let mut length = 0.0;
        terms::for_each_term(&passage.text, |term| {
            *weights.entry(term).or_default() += 1.0;
            length += 1.0;
        });
        // The headings of a passage count too, but less than its text.
        for (text, weight) in [(passage.headings.as_str(), 0.6), (path, 0.3)] {
            terms::for_each_term(text, |term| {
                *weights.entry(term).or_default() += weight;
            });
        }
        for (term, weight) in weights {
            self.postings.entry(term).or_default().push((id, weight));
        }
        let (path, under) = (path.to_owned(), passage.headings);
        self.passages.push(Indexed { path, lines: passage.lines, under, text: passage.text, length });
    }

    /// The weight of a term: high for rare terms, zero for those in every passage.
    pub(crate) fn weight(&self, term: &str) -> f64 {
        let holding = count(self.postings.get(term).map_or(0, Vec::len));
        let all = count(self.passages.len());
        (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln()
    }

    /// Whether any file has the word, in any form.
    pub(crate) fn knows(&self, word: &str) -> bool {
        distinct(word).iter().any(|term| self.postings.contains_key(term))
    }

    /// The best passages for a query. With `all`, only those with every term of it.
    pub(crate) fn search(&self, query: &str, all: bool, limit: usize) -> Vec<Hit> {
        let terms = distinct(query);
        let mut scores: HashMap<u32, (f64, usize)> = HashMap::new();
        for term in &terms {
            let weight = self.weight(term);
            for (id, times) in self.postings.get(term).into_iter().flatten() {
                let long = 1.0 - B + B * self.passages[*id as usize].length / self.mean_length;
                let times = f64::from(*times);
                let score = scores.entry(*id).or_default();
                score.0 += weight * times * (K1 + 1.0) / (times + K1 * long);
                score.1 += 1;
            }
        }
        let mut ranked: Vec<(u32, f64)> = scores
            .into_iter()
            .filter(|(_, (_, matched))| !all || *matched == terms.len())
            // A passage about the whole question is better than one that repeats a single word of
            // it.
            .map(|(id, (score, matched))| {
                let part = count(matched) / count(terms.len());
                (id, score * part * path_weight(&self.passages[id as usize].path))
            })
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(limit);
        ranked.into_iter().map(|(id, score)| self.hit(id, score)).collect()
    }

    fn hit(&self, id: u32, score: f64) -> Hit {
        let passage = &self.passages[id as usize];
        Hit {
            path: passage.path.clone(),
            line: passage.lines.0,
            last_line: passage.lines.1,
            score: (score * 1000.0).round() / 1000.0,
            under: passage.under.clone(),
            text: passage.text.clone(),
        }
    }
}

/// Prose explains; tests, samples and change logs use the words without an explanation.
fn path_weight(path: &str) -> f64 {
    let prose = Form::of(path) == Form::Prose;
    let name = path.to_lowercase();
    let aside = ["test", "example", "changelog"].iter().any(|word| name.contains(word));
    (if prose { 1.25 } else { 1.0 }) * (if aside { 0.7 } else { 1.0 })
}

/// Counts here stay far below 2^32, where `f64` is exact.
fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
