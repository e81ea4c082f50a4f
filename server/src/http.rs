//! The parts that all routes share: connections, bodies, conditions, pages, errors and limits

pub(crate) mod api_error;
pub(crate) mod base_path;
pub(crate) mod body;
pub(crate) mod bounded;
pub(crate) mod budget;
pub(crate) mod client_address;
pub(crate) mod connections;
pub(crate) mod cookies;
pub(crate) mod etag;
pub(crate) mod fields;
pub(crate) mod observe;
pub(crate) mod other_words;
pub(crate) mod paging;
pub(crate) mod problem;
pub(crate) mod rate;
pub(crate) mod same_origin;
pub(crate) mod state;
pub(crate) mod tls;
