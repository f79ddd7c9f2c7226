//! One album.

/// An album and the items in it, in its own order.
#[derive(Clone, Debug)]
pub(crate) struct Album {
    pub(crate) number: u64,
    pub(crate) id: String,
    /// Exactly as it shall appear: nothing is made safe.
    pub(crate) title: String,
    /// Numbers of its items.
    pub(crate) items: Vec<u64>,
    /// Not made by the app: unseen with the scope for app-created data.
    pub(crate) foreign: bool,
}

impl Album {
    /// Where the items after `number` begin; `index` is where it was, should it be gone.
    pub(crate) fn index_after(&self, number: u64, index: usize) -> usize {
        self.items.iter().position(|&n| n == number).map_or(index, |at| at + 1)
    }
}
