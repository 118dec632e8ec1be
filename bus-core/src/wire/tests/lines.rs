//! JSON lines: a bad line is reported with its number, and the next is read.

use std::io::{self, BufReader, Read};

use crate::wire::fuzz;
use crate::wire::lines::Lines;

/// Each line after reading, or the error.
fn all(input: impl Read, limit: usize) -> Vec<Result<String, String>> {
    let mut lines = Lines::new(BufReader::with_capacity(7, input), limit);
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        all.push(line.map(str::to_owned).map_err(|error| error.to_string()));
    }
    all
}

#[test]
fn lines_end_as_lines_do() {
    let good = |texts: &[&str]| texts.iter().map(|text| Ok((*text).to_owned())).collect::<Vec<_>>();
    assert_eq!(all(&b"a\nb\r\n\n  \r\nc"[..], 10), good(&["a", "b", "c"]));
    assert_eq!(all(&b"\xEF\xBB\xBFa\n\xEF\xBB\xBFb\n"[..], 10), good(&["a", "b"]));
    assert_eq!(all(&b""[..], 10), good(&[]));
    assert_eq!(all(&b"\n\n\n"[..], 10), good(&[]));
    assert_eq!(all(&b"0123456789\r\n0123456789\n0123456789"[..], 10), good(&["0123456789"; 3]));
}

/// Files that were put one behind the other: the second may be empty, and has a mark all the same.
#[test]
fn a_byte_order_mark_is_no_part_of_any_line() {
    let input = "\u{feff}a\n\u{feff}\n\u{feff}\u{feff}b\n\u{feff}";
    assert_eq!(all(input.as_bytes(), 10), [Ok("a".to_owned()), Ok("b".to_owned())]);
}

#[test]
fn a_file_of_another_format_is_named_once() {
    let utf16: Vec<u8> = "{\"a\":1}\n{}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xFF\xFE", &utf16[..]].concat();
    for (bytes, name) in [
        (&marked[..], "UTF-16"),
        (&utf16, "UTF-16"),
        (b"\xFE\xFF\0{", "UTF-16"),
        (b"\xFF\xFE\0\0{\0\0\0", "UTF-32"),
        (b"BZh91AY&SY\n\n", "packed by bzip2"),
        (b"\xFD7zXZ\0\0\x04\n", "packed by xz"),
        (b"\x28\xB5\x2F\xFD\x04\n\n", "packed by zstd"),
        (b"\x1F\x8B\x08\n", "packed by gzip"),
        (b"PK\x03\x04\n", "a zip archive"),
        (b"SQLite format 3\0\n", "a database of SQLite"),
    ] {
        let read = all(bytes, 1000);
        let [Err(error)] = &read[..] else { panic!("{name}: {read:?}") };
        assert!(error.starts_with(&format!("the file is {name}, not JSON lines in UTF-8: ")), "{error}");
    }
    // The bytes have no such meaning in a later line.
    assert_eq!(all(&b"a\nBZh\n"[..], 10), [Ok("a".to_owned()), Ok("BZh".to_owned())]);
}

#[test]
fn a_bad_line_does_not_stop_the_next() {
    let read = all(&b"good\n\xFFbad\nlonger than ten\ngood"[..], 10);
    assert_eq!(read[0], Ok("good".into()));
    assert_eq!(read[1], Err("line 2: not UTF-8: write the file as UTF-8 (column 1)".into()));
    let large = "line 3: 16 bytes are more than the 10 allowed: raise the limit with `.max_bytes(n)`";
    assert_eq!(read[2], Err(large.into()));
    assert_eq!(read[3], Ok("good".into()));
    assert_eq!(read.len(), 4);
}

/// Bytes that are made on demand, so that only the reader's own memory counts.
struct Endless {
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.left);
        buffer[..count].fill(b'x');
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_line_of_100_megabytes_is_skipped_and_not_kept() {
    let input = BufReader::new(Endless { left: 100_000_000 }.chain(&b"\ngood\n"[..]));
    let mut lines = Lines::new(input, 1000);
    let error = lines.next().unwrap().unwrap_err();
    assert_eq!(error.line(), 1);
    assert!(error.to_string().contains("100000001 bytes"), "{error}");
    assert!(lines.buffered() < 10_000);
    assert_eq!(lines.next().unwrap().unwrap(), "good");
    assert!(lines.next().is_none());
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable is out"))
    }
}

#[test]
fn an_input_error_is_reported_once() {
    let read = all((&b"good\nhal"[..]).chain(Broken), 10);
    assert_eq!(read, [Ok("good".into()), Err("line 2: the input failed: the cable is out".into())]);
}

#[test]
fn counts_the_lines() {
    let good = r#"{"type":"k","stream_id":"s","timestamp":"2026-11-22T06:14:08"}"#;
    let text = [good.as_bytes(), b"\n\xFF\n[1]\n", good.as_bytes()].concat();
    assert_eq!(fuzz::lines(&text, 100), Ok((2, 2)));
    assert_eq!(fuzz::bus(&text), Ok(()));
}
