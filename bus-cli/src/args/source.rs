//! The words of a call that name a recording.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::Failure;

/// The beginnings of paths and addresses that are no ids.
const BEGINS: [&str; 5] = ["/", "./", "../", "http://", "https://"];

/// The ends of the names of recordings.
const ENDS: [&str; 5] = [".db", ".jsonl", ".json", ".gz", ".zst"];

/// The recording that the environment names, if it names one.
pub(super) fn default() -> Option<PathBuf> {
    std::env::var_os("BUS_SOURCE").filter(|source| !source.is_empty()).map(PathBuf::from)
}

/// Takes the recording that a command looks at out of the words: the first of them, or the default
/// if the first names none.
pub(super) fn one(words: &mut Vec<OsString>, default: Option<PathBuf>) -> Result<PathBuf, Failure> {
    match default {
        Some(default) if !words.first().is_some_and(|word| is_source(word)) => Ok(default),
        _ if words.is_empty() => {
            Err(Failure::usage("no source: name a recording behind the command, or set BUS_SOURCE"))
        }
        _ => Ok(words.remove(0).into()),
    }
}

/// Takes the two recordings of `bus diff` out of the words. If only one is named, the default is
/// the first of the two.
pub(super) fn two(
    words: &mut Vec<OsString>,
    default: Option<PathBuf>,
) -> Result<(PathBuf, PathBuf), Failure> {
    let named = words.iter().take(2).take_while(|word| is_source(word)).count();
    let first = match default {
        Some(default) if named < 2 => default,
        _ if words.len() < 2 => {
            let fix = "`bus diff` needs two recordings: `bus diff before.db after.db`";
            return Err(Failure::usage(fix));
        }
        _ => words.remove(0).into(),
    };
    if words.is_empty() {
        let fix = "`bus diff` needs a recording to compare with $BUS_SOURCE: `bus diff after.db`";
        return Err(Failure::usage(fix));
    }
    Ok((first, words.remove(0).into()))
}

/// Takes the journal and the recording of `bus import` out of the words. It writes, so both are
/// named: the default could be meant as either.
pub(super) fn journal_and_file(words: &mut Vec<OsString>) -> Result<(PathBuf, PathBuf), Failure> {
    if words.len() < 2 {
        let fix = "`bus import` needs a journal and a recording: `bus import run.db FILE`; it writes, so $BUS_SOURCE is neither of them";
        return Err(Failure::usage(fix));
    }
    Ok((words.remove(0).into(), words.remove(0).into()))
}

/// Whether a word names a recording, and is no word of a filter or an id. A name that looks like
/// one is meant as one, even if there is no such file.
fn is_source(word: &OsStr) -> bool {
    let looks_so = |word: &str| {
        let is_path = word == "-" || BEGINS.iter().any(|begin| word.starts_with(begin));
        is_path || (!word.contains(':') && ENDS.iter().any(|end| word.ends_with(end)))
    };
    Path::new(word).exists() || word.to_str().is_some_and(looks_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_default_is_taken_unless_a_word_looks_like_a_recording() {
        let one = |text: &str| {
            let mut words = words(text);
            let source = super::one(&mut words, Some("run.db".into())).map_err(|error| error.text);
            (source.map(|source| source.display().to_string()), words.len())
        };
        for text in ["", "exec-1", "kind:tool_*", "-kind:x", "data.path:src/main.rs", "api/exec-1", "error"] {
            assert_eq!(one(text), (Ok("run.db".to_owned()), words(text).len()), "{text}");
        }
        for text in ["-", "http://localhost/bus", "missing.db", "missing.jsonl.gz", "./missing", "Cargo.toml"]
        {
            assert_eq!(one(text), (Ok(text.to_owned()), 0), "{text}");
        }
        assert!(super::one(&mut words(""), None).is_err_and(|error| error.text.contains("BUS_SOURCE")));
        assert_eq!(super::one(&mut words("run"), None).ok(), Some("run".into()));
    }

    #[test]
    fn the_default_is_the_first_of_two_if_one_is_named() {
        let two = |text: &str, default: Option<&str>| {
            let mut words = words(text);
            let two = super::two(&mut words, default.map(PathBuf::from)).map_err(|error| error.text);
            (two.map(|(a, b)| format!("{} {}", a.display(), b.display())), words.len())
        };
        assert_eq!(two("b.db", Some("a.db")), (Ok("a.db b.db".into()), 0));
        assert_eq!(two("b.db kind:x error", Some("a.db")), (Ok("a.db b.db".into()), 2));
        assert_eq!(two("b.db c.db kind:x", Some("a.db")), (Ok("b.db c.db".into()), 1));
        assert_eq!(two("b c error", None), (Ok("b c".into()), 1));
        for (text, default) in [("", Some("a.db")), ("b.db", None), ("", None)] {
            let (error, _) = two(text, default);
            assert!(error.is_err_and(|text| text.starts_with("`bus diff` needs ")), "{text} {default:?}");
        }
    }
}
