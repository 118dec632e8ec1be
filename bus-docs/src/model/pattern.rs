//! Patterns of texts that the bus writes and reads. They have no class such as `\d`, which stands
//! for other letters in other languages, and no look-ahead, which some validators do not know.

/// The keys of a map whose keys are whole numbers.
pub(super) const UNSIGNED: &str = "^(0|[1-9][0-9]{0,19})$";
/// The same for numbers with a sign.
pub(super) const SIGNED: &str = "^(0|-?[1-9][0-9]{0,19})$";

/// Years, each with the days that all years have, and the leap day of those that have one.
const YEAR: &str = "([0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})";
const DAY: &str =
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";
const LEAP: &str = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29";
const MINUTE: &str = "([01][0-9]|2[0-3]):[0-5][0-9]";

/// The time of an event, in every form that the reader takes.
pub(crate) fn timestamp() -> String {
    let offset = "([Zz]|[+-]([01][0-9]|2[0-3])([0-5][0-9]|:[0-5][0-9](:[0-5][0-9])?)?)?";
    format!("^{}[Tt ]{MINUTE}(:[0-5][0-9]([.,][0-9]+)?)?{offset}$", date())
}

/// A time of day.
pub(super) fn clock() -> String {
    format!("^{}$", second())
}

/// A date with a time of day.
pub(super) fn local() -> String {
    format!("^{}T{}$", date(), second())
}

/// The same with an offset and the name of a zone, which no pattern can list.
pub(super) fn zoned() -> String {
    format!("^{}T{}[+-][0-9]{{2}}:[0-9]{{2}}\\[[A-Za-z0-9_+/-]+\\]$", date(), second())
}

fn date() -> String {
    format!("({YEAR}-{DAY}|{LEAP})")
}

fn second() -> String {
    format!("{MINUTE}:[0-5][0-9](\\.[0-9]{{1,9}})?")
}
