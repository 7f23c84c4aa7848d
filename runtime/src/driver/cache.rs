//! Prepared statements by their text; the one not used for longest makes room.
// Each driver uses its own part of it.
#![allow(dead_code)]

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// How many places of memory are remembered.
const HINTS: usize = 64;

/// A cache of values by text. A value is taken out while it is in use.
pub(crate) struct Cache<T> {
    slots: Vec<Slot<T>>,
    by_text: FxHashMap<Arc<str>, usize>,
    // Most texts are `'static`: the same place in memory likely holds the same text, which spares the hash.
    hints: [usize; HINTS],
    clock: u64,
    capacity: usize,
}

struct Slot<T> {
    text: Arc<str>,
    used: u64,
    value: Option<T>,
}

impl<T> Cache<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            slots: Vec::new(),
            by_text: FxHashMap::default(),
            hints: [usize::MAX; HINTS],
            clock: 0,
            capacity: capacity.max(1),
        }
    }

    /// The place of a text.
    #[inline]
    pub(super) fn find(&mut self, text: &str) -> Option<usize> {
        let place = text.as_ptr() as usize;
        let hint = self.hints.get_mut((place ^ (place >> 6)) % HINTS)?;
        if self.slots.get(*hint).is_some_and(|slot| *slot.text == *text) {
            return Some(*hint);
        }
        let found = *self.by_text.get(text)?;
        *hint = found;
        Some(found)
    }

    /// Looks at a value that is in use.
    #[inline]
    pub(crate) fn get(&mut self, text: &str) -> Option<&T> {
        let at = self.find(text)?;
        self.clock += 1;
        let slot = self.slots.get_mut(at)?;
        slot.used = self.clock;
        slot.value.as_ref()
    }

    /// Drops a value.
    pub(crate) fn evict(&mut self, text: &str) {
        if let Some(slot) = self.find(text).and_then(|at| self.slots.get_mut(at)) {
            slot.value = None;
        }
    }

    /// Looks at a value without taking it.
    #[inline]
    pub(crate) fn peek(&self, at: usize) -> Option<&T> {
        self.slots.get(at)?.value.as_ref()
    }

    /// Takes a value out, to be put back at the same place.
    #[inline]
    pub(crate) fn take(&mut self, at: usize) -> Option<T> {
        self.clock += 1;
        let slot = self.slots.get_mut(at)?;
        slot.used = self.clock;
        slot.value.take()
    }

    /// A place for a text that is not in the cache, or whose value was lost.
    pub(crate) fn reserve(&mut self, text: &str) -> usize {
        if let Some(at) = self.find(text) {
            return at;
        }
        self.clock += 1;
        let key: Arc<str> = Arc::from(text);
        let slot = Slot { text: Arc::clone(&key), used: self.clock, value: None };
        let at = if self.slots.len() < self.capacity {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            // A scan of the whole cache is nothing beside preparing a statement.
            let oldest = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used).map_or(0, |(at, _)| at);
            if let Some(old) = self.slots.get_mut(oldest) {
                self.by_text.remove(&old.text);
                *old = slot;
            }
            oldest
        };
        self.by_text.insert(key, at);
        at
    }

    /// Puts a value back, or into the place made for it.
    #[inline]
    pub(crate) fn put_back(&mut self, at: usize, value: T) {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.value = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &mut Cache<u32>, text: &str, value: u32) {
        let at = cache.reserve(text);
        cache.put_back(at, value);
    }

    fn get(cache: &mut Cache<u32>, text: &str) -> Option<u32> {
        let at = cache.find(text)?;
        cache.peek(at).copied()
    }

    #[test]
    fn the_text_not_used_for_longest_makes_room() {
        let mut cache = Cache::new(2);
        put(&mut cache, "a", 1);
        put(&mut cache, "b", 2);
        let at = cache.find("a").unwrap();
        let value = cache.take(at).unwrap();
        cache.put_back(at, value);
        put(&mut cache, "c", 3);
        assert_eq!(get(&mut cache, "a"), Some(1));
        assert_eq!(get(&mut cache, "b"), None);
        assert_eq!(get(&mut cache, "c"), Some(3));
        assert_eq!(cache.by_text.len(), 2);
    }

    #[test]
    fn a_hint_never_stands_for_another_text_at_the_same_place() {
        let mut cache = Cache::new(8);
        let mut text = String::from("select 1");
        put(&mut cache, &text, 1);
        assert_eq!(get(&mut cache, &text), Some(1));
        text.replace_range(7..8, "2");
        assert_eq!(get(&mut cache, &text), None);
        put(&mut cache, &text, 2);
        assert_eq!(get(&mut cache, &text), Some(2));
        text.replace_range(7..8, "1");
        assert_eq!(get(&mut cache, &text), Some(1));
    }

    #[test]
    fn a_value_in_use_is_not_there() {
        let mut cache = Cache::new(8);
        put(&mut cache, "a", 1);
        let at = cache.find("a").unwrap();
        let value = cache.take(at).unwrap();
        assert!(cache.take(at).is_none());
        assert_eq!(cache.reserve("a"), at);
        cache.put_back(at, value);
        assert_eq!(get(&mut cache, "a"), Some(1));
    }
}
