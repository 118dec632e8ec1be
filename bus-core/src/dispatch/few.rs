//! A list that is mostly empty or of one, and then takes no memory of its own.

/// Values in the order they came.
pub(crate) struct Few<T> {
    first: Option<T>,
    // A box, so that an empty list is small: a publish makes several, and mostly leaves them empty.
    #[expect(clippy::box_collection, reason = "one word where there is nothing")]
    rest: Option<Box<Vec<T>>>,
}

impl<T> Few<T> {
    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        if self.first.is_none() {
            self.first = Some(value);
        } else {
            self.rest.get_or_insert_default().push(value);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Passes a value from one to the next.
    #[inline]
    pub(crate) fn fold<A>(&mut self, mut value: A, mut visit: impl FnMut(A, &mut T) -> A) -> A {
        if let Some(first) = &mut self.first {
            value = visit(value, first);
            if let Some(rest) = &mut self.rest {
                value = rest.iter_mut().fold(value, visit);
            }
        }
        value
    }

    #[inline]
    pub(crate) fn each(&mut self, mut visit: impl FnMut(&mut T)) {
        if let Some(first) = &mut self.first {
            visit(first);
            if let Some(rest) = &mut self.rest {
                rest.iter_mut().for_each(visit);
            }
        }
    }

    #[inline]
    pub(crate) fn for_each(self, mut visit: impl FnMut(T)) {
        let Self { first: Some(first), rest } = self else { return };
        visit(first);
        if let Some(rest) = rest {
            rest.into_iter().for_each(visit);
        }
    }
}

impl<T> Default for Few<T> {
    #[inline]
    fn default() -> Self {
        Self { first: None, rest: None }
    }
}

impl<T> Extend<T> for Few<T> {
    #[inline]
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}
