//! What a help desk says about itself: the only list of its events.

use bus_core::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How soon somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Within the hour.
    Now,
    /// Within the day.
    Today,
    /// When there is time.
    Later,
}

/// The way a ticket came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Origin {
    /// By mail.
    Mail {
        /// The sender.
        address: String,
    },
    /// By telephone.
    Phone {
        /// How long the call was.
        minutes: u32,
    },
    /// Through the form.
    Web,
}

/// A person outside of the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// As they write it.
    pub name: String,
    /// Where they are written to.
    pub mail: String,
}

/// The events of the desk.
#[derive(AgentEvent)]
#[events(version = 1, prefix = "desk.")]
pub enum DeskEvents {
    /// Somebody asked for help.
    ///
    /// It ends with [`TicketClosed`]; what is drafted and sent in between is
    /// told by [`ReplyDrafted`] and [`ReplySent`].
    #[event(critical, ends_with(TicketClosed, by(ticket_id)))]
    TicketOpened {
        /// The ticket's number.
        ticket_id: String,
        /// What it is about.
        subject: String,
        /// How soon somebody has to look.
        urgency: Urgency,
        /// The way it came in.
        origin: Origin,
        /// Words to find it by.
        #[event(default)]
        tags: Vec<String>,
        /// The ticket that this one follows up.
        follows: Option<String>,
    },
    /// A ticket needs no more work.
    #[event(critical)]
    TicketClosed {
        /// The ticket's number.
        ticket_id: String,
        /// What became of it.
        #[event(default = "solved")]
        outcome: String,
    },
    /// The model wrote another version of a reply.
    #[event(requires(node), coalesce(ticket_id))]
    ReplyDrafted {
        /// The ticket's number.
        ticket_id: String,
        /// The whole text so far.
        text: String,
        /// From 0 to 1.
        confidence: f64,
    },
    /// A reply went out.
    #[event(requires(node, execution), alias("desk.answer_sent"))]
    ReplySent {
        /// The ticket's number.
        ticket_id: String,
        /// Who it went to.
        #[event(redact)]
        to: Contact,
        /// How long the desk took, in seconds.
        #[serde(alias = "took")]
        seconds: f64,
    },
}
