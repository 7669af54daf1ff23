//! What is allocated at once, so that lengths which are believed unchecked are found out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;
static NOW: AtomicUsize = AtomicUsize::new(0);
static START: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed).wrapping_add(bytes);
    MOST.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: the system's allocator does all but the counting.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(place, layout) }
    }
}

/// From here on.
pub fn start() {
    let now = NOW.load(Ordering::Relaxed);
    START.store(now, Ordering::Relaxed);
    MOST.store(now, Ordering::Relaxed);
}

/// The most bytes at once since then, beside those that were there.
pub fn most() -> usize {
    MOST.load(Ordering::Relaxed)
        .saturating_sub(START.load(Ordering::Relaxed))
}
