//! The gaps at one position of a queue.

use crate::delivery::overflow::Lagged;

/// The gaps at one position of a queue, one for each cohort of members that they concern, and
/// whether the past ends behind them.
#[derive(Default)]
pub(crate) struct Gaps(Option<Box<Marks>>);

#[derive(Default)]
struct Marks {
    gaps: Vec<(u32, Lagged)>,
    is_live: bool,
}

impl Gaps {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn add(&mut self, cohort: u32, gap: Lagged) {
        let gaps = &mut self.0.get_or_insert_default().gaps;
        match gaps.iter_mut().find(|(known, _)| *known == cohort) {
            Some((_, known)) => *known = known.join(gap),
            None => gaps.push((cohort, gap)),
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        let Some(other) = other.0 else { return };
        self.0.get_or_insert_default().is_live |= other.is_live;
        other.gaps.into_iter().for_each(|(cohort, gap)| self.add(cohort, gap));
    }

    /// Whether the past ends here.
    pub(crate) fn is_live(&self) -> bool {
        self.0.as_ref().is_some_and(|marks| marks.is_live)
    }

    pub(crate) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Takes the gap of a reader. The end of the past stays behind it.
    pub(super) fn take_gap(&mut self) -> Option<Lagged> {
        let gap = self.of(0);
        self.0.as_mut()?.gaps.clear();
        self.0.take_if(|marks| !marks.is_live);
        gap
    }

    /// The gap of a member of that cohort: it saw none of the events of younger cohorts only.
    pub(crate) fn of(&self, member: u32) -> Option<Lagged> {
        let gaps = self.0.as_ref()?.gaps.iter().filter(|(cohort, _)| *cohort >= member);
        gaps.map(|(_, gap)| *gap).reduce(Lagged::join)
    }

    /// Marks that the past ends here.
    pub(super) fn mark_live(&mut self) {
        self.0.get_or_insert_default().is_live = true;
    }

    /// Takes the mark that the past ends, if no gap is left for the reader.
    pub(super) fn take_live(&mut self) -> bool {
        self.0.take_if(|marks| marks.is_live && marks.gaps.is_empty()).is_some()
    }
}
