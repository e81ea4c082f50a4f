//! The SDKs

mod engine;
mod eppo;
mod launchdarkly;
mod sdk;
mod unleash;

pub use self::engine::Engine;
pub use self::eppo::Eppo;
pub use self::launchdarkly::LaunchDarkly;
pub use self::sdk::Sdk;
pub use self::unleash::Unleash;
