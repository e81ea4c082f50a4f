//! How a running client names itself to the server

/// A running client and the SDK that it is made with
#[derive(Debug, Clone)]
pub(crate) struct InstanceInfo {
    /// Random; a child process after a fork is another instance
    pub(crate) id: String,
    pub(crate) sdk: SdkInfo,
}

impl InstanceInfo {
    /// A new instance
    pub(crate) fn random(sdk: SdkInfo) -> Self {
        let id = format!("{:016x}", fastrand::u64(..));
        Self { id, sdk }
    }
}

/// Name and version of an SDK
#[derive(Debug, Clone)]
pub(crate) struct SdkInfo {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Default for SdkInfo {
    fn default() -> Self {
        Self {
            name: "flagstaff-rust".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
