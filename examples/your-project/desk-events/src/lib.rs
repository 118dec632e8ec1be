//! The events of a help desk: the only list of them.

use bus_core::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The urgency of a ticket.
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

/// The origin of a ticket.
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
        /// The length of the call.
        minutes: u32,
    },
    /// Through the form.
    Web,
}

/// A person outside of the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// The name as the person writes it.
    pub name: String,
    /// The address for replies.
    pub mail: String,
}

/// The events of the desk.
#[derive(AgentEvent)]
#[events(version = 1, prefix = "desk.")]
pub enum DeskEvents {
    /// Somebody asked for help.
    /// It ends with [`TicketClosed`]; in between, [`ReplyDrafted`] and [`ReplySent`]
    /// report the drafts and the replies.
    #[event(critical, ends_with(TicketClosed, by(ticket_id)))]
    TicketOpened {
        /// The ticket's number.
        ticket_id: String,
        /// The subject.
        subject: String,
        /// The urgency.
        urgency: Urgency,
        /// The origin.
        origin: Origin,
        /// Keywords for the search.
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
        /// The result.
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
        /// The recipient.
        #[event(redact)]
        to: Contact,
        /// The time that the desk needed, in seconds.
        #[serde(alias = "took")]
        seconds: f64,
    },
}
