//! Going through contacts whose text lies all over the memory.
//!
//! A test of one after another waits for the memory each time. So a few are looked at first, where their text begins: what
//! those looks wait for comes side by side, and the tests find it at hand.

use std::hint::black_box;

use roaring::RoaringBitmap;

/// Contacts that are fetched at once: what is fetched of them must still be at hand when its turn comes.
const AT_ONCE: usize = 64;

/// Goes through a bitmap; `begins` looks where the text of a contact begins.
pub(super) fn each_fetched(of: &RoaringBitmap, begins: impl Fn(u32) -> u8, mut take: impl FnMut(u32)) {
    let (mut ordinals, mut buffer) = (of.iter(), [0; AT_ONCE]);
    loop {
        let some = ordinals.next_many(&mut buffer);
        if some.is_empty() {
            return;
        }
        black_box(some.iter().fold(0, |all, ordinal| all ^ begins(*ordinal)));
        some.iter().copied().for_each(&mut take);
    }
}

/// Those that pass a test of their text.
pub(super) fn sift_fetched(
    of: &RoaringBitmap,
    begins: impl Fn(u32) -> u8,
    mut test: impl FnMut(u32) -> bool,
) -> RoaringBitmap {
    let mut found = Vec::new();
    each_fetched(of, begins, |ordinal| {
        if test(ordinal) {
            found.push(ordinal);
        }
    });
    found.into_iter().collect()
}
