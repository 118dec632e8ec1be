//! The inputs that fuzzing starts from: one file for each target in the repository, and a folder of
//! files while libFuzzer runs.
//!
//! In the repository an input is a line: a JSON string whose characters are the bytes (U+0000 to
//! U+00FF), because inputs need not be UTF-8 and thousands of ten-byte files would clutter the
//! tree.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use quote::ToTokens;

use crate::task::Failure;
use crate::workspace;

/// The most bytes of a corpus that are kept, because every clone carries them.
const MOST: usize = 200_000;

fn file(target: &str) -> PathBuf {
    workspace::root().join("fuzz/corpus").join(format!("{target}.jsonl"))
}

/// Writes the kept inputs of a target and its other starting points into a folder. Returns the
/// number of each.
pub(crate) fn unpack(target: &str, folder: &Path) -> Result<(usize, usize), Failure> {
    fs::create_dir_all(folder)?;
    let mut known = 0;
    for line in fs::read_to_string(file(target))?.lines() {
        let text: String = serde_json::from_str(line)
            .map_err(|error| Failure::found(format!("{}: {error}", file(target).display())))?;
        let bytes: Vec<u8> = text.chars().filter_map(|char| u8::try_from(char).ok()).collect();
        fs::write(folder.join(format!("kept-{known}")), bytes)?;
        known += 1;
    }
    let found = match target {
        "json" => session()?,
        "derive" => definitions()?,
        "catalogue" => vec![fs::read(workspace::root().join("docs/catalogue/catalog.json"))?],
        _ => Vec::new(),
    };
    for (number, input) in found.iter().enumerate() {
        fs::write(folder.join(format!("found-{number}")), input)?;
    }
    Ok((known, found.len()))
}

/// Every definition in the tests of the derive, valid or not.
fn definitions() -> Result<Vec<Vec<u8>>, Failure> {
    let mut found = Vec::new();
    for file in workspace::files()? {
        let is_rust = Path::new(&file.path).extension().is_some_and(|end| end == "rs");
        if !(is_rust && file.path.starts_with("bus-derive-tests/")) {
            continue;
        }
        let Some(Ok(parsed)) = file.text().map(|text| syn::parse_file(&text)) else { continue };
        let enums =
            parsed.items.into_iter().filter(|item| matches!(item, syn::Item::Enum(_) | syn::Item::Struct(_)));
        found.extend(enums.map(|item| item.into_token_stream().to_string().into_bytes()));
    }
    Ok(found)
}

/// Every fiftieth line of the recorded session, if it is beside the repository.
fn session() -> Result<Vec<Vec<u8>>, Failure> {
    let Ok(packed) = fs::File::open(workspace::root().join("../shared/data/hive-session.jsonl.gz")) else {
        return Ok(Vec::new());
    };
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut text)?;
    Ok(text.split(|byte| *byte == b'\n').step_by(50).map(<[u8]>::to_vec).collect())
}

/// Creates the folder, or empties it.
pub(crate) fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.is_dir() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// Keeps the inputs of a folder in the repository, the shortest first. Returns their number and the
/// size of the file.
pub(crate) fn pack(target: &str, folder: &Path) -> Result<(usize, usize), Failure> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        inputs.push(fs::read(entry?.path())?);
    }
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let (mut text, mut kept) = (String::new(), 0);
    for bytes in inputs {
        let line = serde_json::Value::String(bytes.into_iter().map(char::from).collect()).to_string();
        if text.len() + line.len() >= MOST {
            println!("{target}: leaves out the longest inputs: more than {MOST} bytes are not kept");
            break;
        }
        text.push_str(&line);
        text.push('\n');
        kept += 1;
    }
    fs::write(file(target), &text)?;
    Ok((kept, text.len()))
}
