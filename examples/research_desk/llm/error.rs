//! Errors between the desk and a model.

use std::fmt;

/// The reason why an endpoint gave no answer. Each prints as one line.
#[derive(Debug, Clone)]
pub(crate) enum LlmError {
    /// The address is invalid.
    Address(String),
    /// No connection, or a broken one.
    Unreachable { url: String, cause: String },
    /// The endpoint refused, with its own text.
    Refused { status: u16, says: String },
    /// The response does not follow the protocol.
    Bad(String),
}

impl LlmError {
    /// Whether the same request may succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            Self::Address(_) | Self::Bad(_) => false,
        }
    }
}

impl fmt::Display for LlmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(problem) => write!(f, "{problem}"),
            Self::Unreachable { url, cause } => write!(f, "no answer from {url}: {cause}"),
            Self::Refused { status, says } => write!(f, "the endpoint answered {status}: {says}"),
            Self::Bad(problem) => write!(f, "the endpoint does not speak the protocol: {problem}"),
        }
    }
}

impl std::error::Error for LlmError {}
