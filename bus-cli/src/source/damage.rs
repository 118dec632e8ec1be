//! The parts of a recording that are no events.

/// The parts of a recording that are no events.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    /// How many lines are damaged, or gaps stand in the answer.
    pub(crate) places: u64,
    /// The first damaged line and its error.
    first: Option<(u64, String)>,
}

impl Damage {
    /// The gaps of an answer.
    pub(crate) fn gaps(gaps: &[bus_journal::Gap]) -> Self {
        Self { places: gaps.len() as u64, first: None }
    }

    pub(super) fn note(&mut self, line: u64, error: String) {
        self.places += 1;
        self.first.get_or_insert((line, error));
    }

    /// Takes over what another reading of the same recording met, if that was more.
    pub(crate) fn widen(&mut self, other: Self) {
        if other.places > self.places {
            *self = other;
        }
    }

    /// Says which lines are damaged, if any. Gaps stand in the output.
    pub(crate) fn report(&self) {
        let Some((line, error)) = &self.first else { return };
        if self.places == 1 {
            eprintln!("! 1 line is no event: line {line}: {error}");
        } else {
            eprintln!("! {} lines are no events; the first is line {line}: {error}", self.places);
        }
    }
}
