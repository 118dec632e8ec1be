//! A table whose keys are never used twice, so that a key kept too long finds nothing instead of a stranger.

/// Names a place in a [`Slab`] and the tenant it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// Names nothing.
    pub(crate) const NONE: Self = Self { index: u32::MAX, generation: u32::MAX };
}

struct Place<T> {
    generation: u32,
    tenant: Option<T>,
}

/// Values in places that are used again, found by [`Key`].
pub(crate) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn insert(&mut self, tenant: T) -> Key {
        if let Some(index) = self.free.pop() {
            let place = &mut self.places[index as usize];
            place.tenant = Some(tenant);
            return Key { index, generation: place.generation };
        }
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place { generation: 0, tenant: Some(tenant) });
        Key { index, generation: 0 }
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let place = self.places.get(key.index as usize)?;
        if place.generation == key.generation { place.tenant.as_ref() } else { None }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let place = self.places.get_mut(key.index as usize)?;
        if place.generation == key.generation { place.tenant.as_mut() } else { None }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.index as usize)?;
        if place.generation != key.generation {
            return None;
        }
        let tenant = place.tenant.take()?;
        // A place whose generations are used up is retired: 2^32 tenants of one place.
        if let Some(next) = place.generation.checked_add(1) {
            place.generation = next;
            self.free.push(key.index);
        }
        Some(tenant)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.places.iter().enumerate().filter_map(|(index, place)| {
            let key = Key { index: u32::try_from(index).ok()?, generation: place.generation };
            Some((key, place.tenant.as_ref()?))
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().filter_map(|place| place.tenant.as_mut())
    }

    /// The tenants of the places `from..from + count`, and whether there are places after them: for walks that let go of the lock in between.
    pub(crate) fn window_mut(&mut self, from: usize, count: usize) -> (impl Iterator<Item = &mut T>, bool) {
        let end = from.saturating_add(count).min(self.places.len());
        let more = end < self.places.len();
        (self.places[from.min(end)..end].iter_mut().filter_map(|place| place.tenant.as_mut()), more)
    }
}
