//! Attributes of the compiler on definitions, events and fields go where they are wanted.
#![deny(warnings, missing_docs)]
use bus_core::AgentEvent;

/** Docs in a block.

* with a list, `ticks`, "quotes", a \ backslash and {braces}
*/
#[derive(AgentEvent)]
pub enum WordEvents {
    /// "Quoted" `code` with a \"back\\slash\" and { braces }, %d and #hash.
    ///
    /// ```
    /// let text = "a\n";
    /// ```
    ///
    /// | a | b |
    /// |---|---|
    #[cfg(all())]
    #[event(ends_with(Ended, by(name)))]
    Began {
        /// A "name" with `ticks`:
        ///   * nested
        ///
        ///     indented
        name: String,
        /// Left out.
        #[cfg(any())]
        more: Missing,
        /// With a word that is there under a condition.
        #[cfg_attr(all(), event(default = 3))]
        #[cfg_attr(any(), event(redact))]
        third: u8,
        #[doc(hidden)]
        hidden: u8,
    },
    /** It ended. */
    #[cfg_attr(all(), deprecated(note = "nothing ends"))]
    Ended {
        /// Which.
        name: String,
    },
    /// Left out.
    #[cfg(any())]
    Gone { name: Missing },
    /// With fields that nobody should use.
    #[expect(non_snake_case, reason = "as on the wire")]
    Aged {
        /// No longer.
        #[deprecated]
        old: Option<u8>,
        /// No longer either.
        #[deprecated = "gone"]
        older: u8,
        /// Camel.
        camelCase: u8,
        /// Camel, with a setter.
        #[event(default = Some(2))]
        otherCase: Option<u8>,
    },
    /// With a name that is not one of a type.
    #[allow(non_camel_case_types)]
    #[doc(alias = "snake")]
    snake_named {
        /// Any.
        any: Option<u8>,
    },
    #[doc(hidden)]
    Hidden,
}

fn main() {
    let stream = bus_core::EventBus::new().stream("words");
    stream.emit_began("a", 1).third(2).send();
    stream.emit_aged(1, 2).otherCase(3).maybe_otherCase(None).send();
    stream.emit_snake_named().any(1).send();
    let docs = WordEvents::EVENTS[0].docs;
    assert!(docs.starts_with(r#""Quoted" `code` with a \"back\\slash\" and { braces }, %d and #hash."#), "{docs}");
    assert!(docs.ends_with("```\nlet text = \"a\\n\";\n```\n\n| a | b |\n|---|---|"), "{docs}");
    let fields = WordEvents::EVENTS[0].fields;
    assert_eq!(fields[0].docs, "A \"name\" with `ticks`:\n  * nested\n\n    indented");
    assert_eq!(fields.len(), 3);
    assert_eq!(WordEvents::EVENTS.len(), 5);
}
