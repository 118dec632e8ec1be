//! The effect of a change inside of a type on those who read and on those who emit.

/// The change of one part of a type.
pub(super) enum Effect {
    Gone,
    /// The name that it probably has now.
    Renamed(String),
    New {
        required: bool,
    },
    Required,
    Optional,
    NoNull,
    Null,
    ValuesGone(Vec<String>),
    ValuesNew(Vec<String>),
    /// Fewer values than before.
    Narrower(String, String),
    /// More values than before.
    Wider(String, String),
}

impl Effect {
    /// Whether old data or old calls stop working.
    pub(super) fn breaks(&self) -> bool {
        !matches!(
            self,
            Self::New { required: false }
                | Self::Optional
                | Self::Null
                | Self::ValuesNew(_)
                | Self::Wider(..)
        )
    }

    /// Whether it is a change of the values of an enum.
    pub(super) fn is_of_values(&self) -> bool {
        matches!(self, Self::ValuesGone(_) | Self::ValuesNew(_))
    }

    /// The change, and what it means for those who read and for those who emit.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Gone => "is gone. Readers find nothing; emitters that set it do not compile".to_owned(),
            Self::Renamed(to) => format!(
                "is called `{to}` now. Readers find nothing under the older name, old data cannot be read; emitters that set it do not compile"
            ),
            Self::New { required: true } => {
                "is new and required. Readers cannot read old data, which lacks it; emitters must set it".to_owned()
            }
            Self::New { required: false } => {
                "is new, with a default. Readers do not find it in old data; emitters that write the whole struct must set it"
                    .to_owned()
            }
            Self::Required => {
                "is required now. Readers cannot read old data without it; emitters must set it".to_owned()
            }
            Self::Optional => "is optional now. Readers may not find it in new data; emitters may leave it out".to_owned(),
            Self::NoNull => {
                "cannot be null any more. Readers cannot read old data that has null; emitters must give a value".to_owned()
            }
            Self::Null => "may be null now. Readers of the older type cannot read that; emitters pass an `Option`".to_owned(),
            Self::ValuesGone(values) => format!(
                "lost {}. Readers cannot read old data that has it; emitters of it do not compile",
                listed(values)
            ),
            Self::ValuesNew(values) => format!(
                "may be {} now. Readers of the older type cannot read that; emitters go on as before",
                listed(values)
            ),
            Self::Narrower(was, is) => format!(
                "accepts fewer values: {was} became {is}. Readers cannot read old data that does not fit; emitters may not compile"
            ),
            Self::Wider(was, is) => format!(
                "accepts more values: {was} became {is}. Readers of the older type may not read new data; emitters go on as before"
            ),
        }
    }

    /// How to go on without harm.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Renamed(_) => "keep the older name on the wire with `#[serde(rename = \"…\")]`",
            Self::New { .. } | Self::Required => "give it `#[serde(default)]`",
            Self::NoNull => "keep the `Option`",
            _ => "put it back",
        }
    }
}

fn listed(values: &[String]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
    quoted.join(", ")
}
