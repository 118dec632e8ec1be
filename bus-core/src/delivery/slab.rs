//! A table whose keys are never used twice, so that a key kept too long finds nothing instead of
//! another value.

/// Names a slot in a [`Slab`] and the value it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

impl Key {
    /// Names nothing.
    pub(crate) const NONE: Self = Self { index: u32::MAX, generation: u32::MAX };
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// Values in slots that are used again, found by [`Key`].
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.value = Some(value);
            return Key { index, generation: slot.generation };
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot { generation: 0, value: Some(value) });
        Key { index, generation: 0 }
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let slot = self.slots.get(key.index as usize)?;
        if slot.generation == key.generation { slot.value.as_ref() } else { None }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation == key.generation { slot.value.as_mut() } else { None }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let value = slot.value.take()?;
        // A slot whose generations are used up is retired: 2^32 values of one slot.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(key.index);
        }
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let key = Key { index: u32::try_from(index).ok()?, generation: slot.generation };
            Some((key, slot.value.as_ref()?))
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(|slot| slot.value.as_mut())
    }

    /// The values of the slots `from..from + count`, and whether there are slots after them: for
    /// walks that release the lock in between.
    pub(crate) fn window_mut(&mut self, from: usize, count: usize) -> (impl Iterator<Item = &mut T>, bool) {
        let end = from.saturating_add(count).min(self.slots.len());
        let more = end < self.slots.len();
        (self.slots[from.min(end)..end].iter_mut().filter_map(|slot| slot.value.as_mut()), more)
    }

    /// The keys of up to `count` slots from an index on, and whether there are more.
    pub(crate) fn window_keys(&self, from: usize, count: usize) -> (Vec<Key>, bool) {
        let end = from.saturating_add(count).min(self.slots.len());
        let keys = (from.min(end)..end).filter_map(|at| {
            let slot = &self.slots[at];
            let index = u32::try_from(at).ok()?;
            slot.value.as_ref().map(|_| Key { index, generation: slot.generation })
        });
        (keys.collect(), end < self.slots.len())
    }
}
