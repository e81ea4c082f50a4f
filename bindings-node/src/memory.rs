//! Returns free memory to the system

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "the function of glibc's allocator is a C function"
    )
)]

use std::env;
use std::sync::LazyLock;

/// The size of a document in bytes from which on trimming the heap is worth it
pub(crate) const LARGE_DOCUMENT: usize = 1 << 20;

/// The environment variable that enables it: the heap belongs to the program, which may keep free memory on purpose
const VARIABLE: &str = "FLAGSTAFF_TRIM_HEAP";

/// Returns free memory to the system if the environment has `FLAGSTAFF_TRIM_HEAP=1`
///
/// Node often frees large blocks, after which glibc allocates such blocks from the heap and no longer from the system: the text of a
/// document of 4.4 MB then leaves a hole below the flags. Other allocators return it by themselves.
pub(crate) fn trim_heap() {
    static IS_ENABLED: LazyLock<bool> =
        LazyLock::new(|| env::var_os(VARIABLE).is_some_and(|value| value == "1"));
    if !*IS_ENABLED {
        return;
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointer, may be called by any thread at any time, and changes no memory that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
