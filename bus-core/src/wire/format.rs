//! Files that are no JSON lines in UTF-8, known by their first bytes.

use std::fmt;

/// The format of a file that cannot be read as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Text in UTF-16, as PowerShell before version 6 writes it with `>`.
    Utf16,
    /// Text in UTF-32.
    Utf32,
    /// Packed by gzip.
    Gzip,
    /// Packed by bzip2.
    Bzip2,
    /// Packed by xz.
    Xz,
    /// Packed by zstd.
    Zstd,
    /// A zip archive.
    Zip,
    /// A database of `SQLite`.
    Sqlite,
}

/// The first bytes of a file of each format, the longest first. An event begins with `{"`, so that
/// UTF-16 is known without its mark too.
const BEGINNINGS: &[(&[u8], Format)] = &[
    (b"SQLite format 3\0", Format::Sqlite),
    (b"\xFD7zXZ\0", Format::Xz),
    (b"\xFF\xFE\0\0", Format::Utf32),
    (b"\0\0\xFE\xFF", Format::Utf32),
    (b"{\0\0\0\"\0\0\0", Format::Utf32),
    (b"\0\0\0{\0\0\0\"", Format::Utf32),
    (b"{\0\"\0", Format::Utf16),
    (b"\0{\0\"", Format::Utf16),
    (b"\x28\xB5\x2F\xFD", Format::Zstd),
    (b"PK\x03\x04", Format::Zip),
    (b"BZh", Format::Bzip2),
    (b"\x1F\x8B", Format::Gzip),
    (b"\xFF\xFE", Format::Utf16),
    (b"\xFE\xFF", Format::Utf16),
];

impl Format {
    /// The format of a file that begins with these bytes, if it is one of these.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        BEGINNINGS.iter().find(|(bytes, _)| beginning.starts_with(bytes)).map(|(_, format)| *format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, fix) = match self {
            Self::Utf16 => ("UTF-16", "write it as UTF-8, as `iconv -f UTF-16 -t UTF-8` does"),
            Self::Utf32 => ("UTF-32", "write it as UTF-8, as `iconv -f UTF-32 -t UTF-8` does"),
            Self::Gzip => ("packed by gzip", "unpack it, as `gzip -dc` does"),
            Self::Bzip2 => ("packed by bzip2", "unpack it, as `bzip2 -dc` does"),
            Self::Xz => ("packed by xz", "unpack it, as `xz -dc` does"),
            Self::Zstd => ("packed by zstd", "unpack it, as `zstd -dc` does"),
            Self::Zip => ("a zip archive", "unpack it, as `unzip -p` does"),
            Self::Sqlite => ("a database of SQLite", "export its events as JSON lines"),
        };
        write!(f, "the file is {name}, not JSON lines in UTF-8: {fix}")
    }
}
