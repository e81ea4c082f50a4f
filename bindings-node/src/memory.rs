//! Giving memory back to the system

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "glibc's allocator is told by a call of C")
)]

use std::env;
use std::sync::LazyLock;

/// Bytes of a document from which on its text is worth giving back
pub(crate) const LARGE: usize = 1 << 20;

/// The environment variable that asks for it: the heap is the program's, and what is free in it may be so on purpose
const VARIABLE: &str = "FLAGSTAFF_TRIM_HEAP";

/// Gives back what is free, if the environment says `FLAGSTAFF_TRIM_HEAP=1`
///
/// Node frees large blocks of its own all the time, after which glibc takes such blocks from the heap and no longer from the system: the
/// text of a document of 4.4 MB then stays behind as a hole below the flags. Other allocators need no telling.
pub(crate) fn give_back() {
    static IS_ASKED: LazyLock<bool> =
        LazyLock::new(|| env::var_os(VARIABLE).is_some_and(|value| value == "1"));
    if !*IS_ASKED {
        return;
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointer, may be called by any thread at any time, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
