//! The SDKs

mod core;
mod eppo;
mod flagstaff;
mod launchdarkly;
mod unleash;

pub use self::core::Core;
pub use self::eppo::Eppo;
pub use self::flagstaff::Flagstaff;
pub use self::launchdarkly::LaunchDarkly;
pub use self::unleash::Unleash;
