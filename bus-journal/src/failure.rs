//! The meaning of SQLite's errors for a journal.

use bus_core::store::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

/// Returns whether there was no space for what was to be written.
pub(crate) fn is_full(error: &Error) -> bool {
    // The index of the write-ahead log is a file too, and has an error of its own.
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || extended(error) == Some(ffi::SQLITE_IOERR_SHMSIZE)
}

/// Returns whether a sync failed. The system may have dropped what it could not write, and reports
/// success the next time.
pub(crate) fn is_failed_sync(error: &Error) -> bool {
    [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC].map(Some).contains(&extended(error))
}

/// Returns whether the file is not what SQLite wrote.
pub(crate) fn is_damage(error: &Error) -> bool {
    let code = error.sqlite_error_code();
    let conversion = matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    );
    conversion || matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Returns whether another process holds the database, or a file cannot be opened.
pub(crate) fn is_unopenable(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

pub(crate) fn store(error: &Error) -> StoreError {
    if is_full(error) { StoreError::Full } else { StoreError::failed(error) }
}

fn extended(error: &Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}
