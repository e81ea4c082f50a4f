//! What holds for requests to every route: compression, limits of all kinds, and `Idempotency-Key`

mod admin_ui;
mod base_path;
mod budget;
mod closing;
mod compression;
mod connections;
mod costs;
mod excerpts;
mod idempotency;
mod open_routes;
mod rates;
mod stream_limits;
mod tls;
mod turns;
mod words;
