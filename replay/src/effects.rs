//! The reused output buffer of a machine: [`Effects`].

/// Effects of one event. An effect's identity is its position: the event's seq and its index here.
#[derive(Debug)]
pub struct Effects<E> {
    items: Vec<E>,
}

impl<E> Default for Effects<E> {
    fn default() -> Self {
        Effects { items: Vec::new() }
    }
}

impl<E> Effects<E> {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an effect; its index is the count before the call.
    #[inline]
    pub fn push(&mut self, effect: E) {
        self.items.push(effect);
    }

    /// How many there are; the index the next one gets.
    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// In order of index.
    pub fn as_slice(&self) -> &[E] {
        &self.items
    }

    /// Takes them out in order, keeping the allocation.
    pub fn drain(&mut self) -> std::vec::Drain<'_, E> {
        self.items.drain(..)
    }

    /// Forgets them, keeping the allocation.
    pub fn clear(&mut self) {
        self.items.clear();
    }
}
