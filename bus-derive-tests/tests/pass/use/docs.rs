//! Docs that macros write reach the descriptor.
use bus_core::AgentEvent;

macro_rules! unit {
    () => {
        "megabytes"
    };
}

#[derive(AgentEvent)]
pub enum BuildEvents {
    /// A target began.
    #[doc = concat!(" It is built by version ", 2, ".")]
    ///
    ///     indented
    TargetStarted {
        #[doc = include_str!("../../files/field.md")]
        target: String,
        /// Memory, in
        #[doc = unit!()]
        memory: Option<u64>,
        #[doc = ""]
        #[doc = concat!()]
        nothing: u8,
    },
    #[doc = stringify!(plain)]
    TargetFinished,
}

fn main() {
    let [started, finished] = BuildEvents::EVENTS else { unreachable!() };
    assert_eq!(started.docs, "A target began.\nIt is built by version 2.\n\n    indented");
    let docs: Vec<_> = started.fields.iter().map(|field| field.docs).collect();
    assert_eq!(docs, ["Name as the *user* typed it.\n\n* with `\"quotes\"`", "Memory, in\nmegabytes", ""]);
    assert_eq!(finished.docs, "plain");
}
