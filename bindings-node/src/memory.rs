//! Giving memory back to the system

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "glibc's allocator is told by a call of C")
)]

/// Bytes of a document from which on its text is worth giving back
pub(crate) const LARGE: usize = 1 << 20;

/// Gives back what is free
///
/// Node frees large blocks of its own all the time, after which glibc takes such blocks from the heap and no longer from the system: the
/// text of a document of 4.4 MB then stays behind as a hole below the flags. Other allocators need no telling.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes no pointer, may be called by any thread at any time, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
