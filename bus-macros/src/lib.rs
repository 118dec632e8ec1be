//! The derive of `bus-core`.
