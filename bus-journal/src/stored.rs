//! An event that was read from its row.

use std::sync::{Arc, OnceLock};

use bus_core::EventId;

use crate::line::{Labels, Members, write_id, write_number};
use crate::names::Name;
use crate::row::Place;
use crate::short::Short;

/// An event that was read.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) place: Place,
    kind: Arc<Name>,
    scope: Arc<Name>,
    execution: Option<Arc<Name>>,
    pub(crate) time: i64,
    short: ShortMembers,
    content: Content<Box<str>>,
    /// Put together when somebody asks for it.
    line: OnceLock<String>,
}

/// The text in the column `data`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<T> {
    /// The member `data` of the line.
    Data(T),
    /// The whole line, since putting members together would not give it to the letter.
    Line(T),
}

/// The members that are in columns of few bytes.
#[derive(Debug, Clone)]
pub(crate) struct ShortMembers {
    /// `causation_id`, if it is not null.
    pub(crate) cause: Short,
    /// `seq`, if it is not the number of the event.
    pub(crate) seq: Short,
    /// `id` if another bus gave it, or the key of a line without one.
    pub(crate) origin: Short,
}

impl<T: AsRef<str>> Content<T> {
    pub(crate) fn is_line(&self) -> bool {
        matches!(self, Self::Line(_))
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Data(text) | Self::Line(text) => text.as_ref(),
        }
    }
}

impl Content<&str> {
    pub(crate) fn to_owned(self) -> Content<Box<str>> {
        match self {
            Self::Data(text) => Content::Data(text.into()),
            Self::Line(text) => Content::Line(text.into()),
        }
    }
}

impl Stored {
    /// Its id, or the key of a line without one.
    pub(crate) fn id(&self) -> Short {
        match &self.short.origin {
            Short::Usual => Short::Id(EventId::new(self.place.run, self.place.seq)),
            other => other.clone(),
        }
    }

    #[inline]
    pub(crate) fn new(
        place: Place,
        [kind, scope]: [Arc<Name>; 2],
        execution: Option<Arc<Name>>,
        time: i64,
        short: ShortMembers,
        content: Content<Box<str>>,
    ) -> Self {
        Self { place, kind, scope, execution, time, short, content, line: OnceLock::new() }
    }

    pub(crate) fn kind(&self) -> &str {
        self.kind.text()
    }

    pub(crate) fn stream(&self) -> &str {
        self.scope.text()
    }

    pub(crate) fn node(&self) -> Option<&str> {
        self.scope.get(1)
    }

    pub(crate) fn execution(&self) -> Option<&str> {
        self.execution.as_ref().map(|execution| execution.text())
    }

    pub(crate) fn correlation(&self) -> Option<&str> {
        self.scope.get(2)
    }

    /// The version of its data as JSON.
    pub(crate) fn version(&self) -> &str {
        self.kind.get(1).unwrap_or("null")
    }

    /// The names of its scope and its execution.
    pub(crate) fn scope_names(&self) -> (Arc<Name>, Option<Arc<Name>>) {
        (Arc::clone(&self.scope), self.execution.clone())
    }

    pub(crate) fn content(&self) -> &Content<Box<str>> {
        &self.content
    }

    /// The line of the event.
    pub(crate) fn line(&self) -> &str {
        match &self.content {
            Content::Line(line) => line,
            Content::Data(data) => self.line.get_or_init(|| self.put_together(data)),
        }
    }

    pub(crate) fn into_line(mut self) -> String {
        match (self.line.take(), &self.content) {
            (Some(line), _) => line,
            (None, Content::Line(line)) => line.to_string(),
            (None, Content::Data(data)) => self.put_together(data),
        }
    }

    fn put_together(&self, data: &str) -> String {
        let labels = Labels {
            kind: self.kind(),
            stream: self.stream(),
            node: self.node(),
            execution: self.execution(),
            correlation: self.correlation(),
        };
        let (run, own) = (self.place.run, self.place.seq);
        let ShortMembers { cause, seq, origin } = &self.short;
        let has_id = !matches!(origin, Short::Key(_));
        let mut text = String::with_capacity(96);
        match origin {
            Short::Usual => write_id(run, own, &mut text),
            origin => origin.write_id(run, &mut text),
        }
        let seq_from = text.len();
        match seq {
            Short::Usual if has_id => write_number(own, &mut text),
            Short::Number(number) => text.push_str(&number.to_string()),
            seq => seq.write_id(run, &mut text),
        }
        let cause_from = text.len();
        cause.write_id(run, &mut text);
        let members = Members {
            data,
            attributes: self.scope.get(3).map_or("", inside),
            id: &text[..seq_from],
            seq: &text[seq_from..cause_from],
            version: self.version(),
            cause: &text[cause_from..],
        };
        let mut line = String::with_capacity(data.len() + 384);
        members.write(&labels, self.time, &mut line);
        line
    }
}

/// The members of an object, without its braces.
fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|members| members.strip_suffix('}')).unwrap_or_default()
}
