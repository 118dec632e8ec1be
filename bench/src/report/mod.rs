//! The results, for people, for programs and for the README.

mod chart;
mod table;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub(crate) use chart::svg;
pub(crate) use table::{summary, table};

use crate::measure::{Group, Taken};

/// Everything of one run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: String,
    pub(crate) date: String,
    pub(crate) compiler: String,
    pub(crate) quick: bool,
    pub(crate) groups: Vec<Measured>,
    /// The counts of the allocator, which are the same at each run.
    #[serde(default)]
    pub(crate) counts: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) unit: String,
    /// The numbers are not nanoseconds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) plain: bool,
    pub(crate) sides: Vec<Row>,
    pub(crate) targets: Vec<Verdict>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// The median of the rounds: nanoseconds, unless the group is plain.
    pub(crate) median: f64,
    /// Half the distance between the quartiles, as a share of the median.
    pub(crate) spread: f64,
    /// The ratio to the first side: the lower bound, if there is one.
    pub(crate) ratio: f64,
    /// The ratio to the fastest side that is neither ours nor the lower bound.
    pub(crate) to_best_peer: Option<f64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) side: String,
    /// The side that it is compared with; `None` for a number alone.
    pub(crate) against: Option<String>,
    pub(crate) at_most: f64,
    pub(crate) measured: f64,
    pub(crate) met: bool,
}

impl Results {
    pub(crate) fn new(machine: String, compiler: String, quick: bool) -> Self {
        let counts = serde_json::Map::new();
        Self { machine, date: today(), compiler, quick, groups: Vec::new(), counts }
    }
}

impl Measured {
    pub(crate) fn of(group: &Group, taken: &[Taken]) -> Self {
        let find = |name: &str| taken.iter().find(|side| side.name == name);
        let is_peer =
            |side: &&Taken| !["floor", "bus", "a sketch"].iter().any(|own| side.name.starts_with(own));
        let best = taken.iter().filter(is_peer).min_by(|a, b| a.median().total_cmp(&b.median()));
        let row = |side: &Taken| Row {
            name: side.name.clone(),
            median: side.median(),
            spread: side.spread(),
            ratio: side.ratio(&taken[0]),
            to_best_peer: best.map(|best| side.ratio(best)),
        };
        let verdicts = group.targets.iter().filter_map(|target| {
            let side = find(&target.side)?;
            let measured = match &target.against {
                Some(against) => side.ratio(find(against)?),
                None => side.median(),
            };
            Some(Verdict {
                side: target.side.clone(),
                against: target.against.clone(),
                at_most: target.at_most,
                measured,
                met: measured <= target.at_most,
            })
        });
        Self {
            id: group.id.clone(),
            title: group.title.clone(),
            unit: group.unit.to_owned(),
            plain: group.plain,
            sides: taken.iter().map(row).collect(),
            targets: verdicts.collect(),
        }
    }
}

/// The day in ISO 8601. (The civil calendar of a count of days, after Howard Hinnant's algorithm.)
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let days = since.as_secs() / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{of_month:02}", year + era * 400 + carry)
}
