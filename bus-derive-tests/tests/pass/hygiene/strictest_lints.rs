//! Every lint of the compiler that can be denied, on a definition with a word of each kind in it.
#![forbid(unsafe_code, missing_docs, unused)]
#![deny(
    warnings,
    nonstandard_style,
    future_incompatible,
    missing_debug_implementations,
    missing_copy_implementations,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    unused_lifetimes,
    single_use_lifetimes,
    variant_size_differences,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    non_local_definitions,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility
)]

use bus_core::AgentEvent;

/// Nothing of it is used.
#[derive(AgentEvent)]
enum PrivateEvents {
    /// It began.
    #[event(requires(node), ends_with(PrivateEnded, by(name)))]
    PrivateStarted {
        /// What.
        name: String,
        /// How often.
        #[event(default)]
        times: u32,
        /// How big.
        size: Option<u64>,
        /// Nobody may see it.
        #[event(redact)]
        token: String,
    },
    /// It ended.
    #[event(critical, version = 2, upcast = raise)]
    PrivateEnded {
        /// What.
        name: String,
        /// The rest.
        #[serde(flatten)]
        rest: bus_core::Object,
    },
    /// It is over.
    PrivateOver,
}

fn raise(_: u32, data: serde_json::Value) -> Result<serde_json::Value, bus_core::BoxError> {
    Ok(data)
}

/// Events that others see.
pub mod open {
    use bus_core::AgentEvent;

    /// A definition that others see.
    #[derive(AgentEvent, Debug)]
    #[events(prefix = "open.", derive(PartialEq))]
    #[non_exhaustive]
    pub enum OpenEvents {
        /// It began.
        #[event(requires(execution), transient)]
        OpenStarted {
            /// What.
            name: String,
            /// How long.
            #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
            length: Option<u64>,
        },
        /// It is over.
        OpenOver,
    }
}

fn main() {}
