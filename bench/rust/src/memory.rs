//! The memory of the process

use std::error::Error;
use std::fs;

/// The resident memory of this process in bytes, after freed memory was returned to the system
pub fn resident() -> Result<u64, Box<dyn Error>> {
    release();
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm
        .split(' ')
        .nth(1)
        .ok_or("no resident pages in statm")?;
    Ok(pages.parse::<u64>()? * page_size()?)
}

fn page_size() -> Result<u64, Box<dyn Error>> {
    #[expect(unsafe_code, reason = "the size of a page is asked of libc")]
    // SAFETY: it takes no pointer.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(u64::try_from(size)?)
}

/// Returns freed memory to the system, so that memory used only while loading does not count
fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "there is no safe wrapper of malloc_trim")]
    // SAFETY: it takes no pointer and may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}
