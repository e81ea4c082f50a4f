//! Tests of the server from outside: routes without a socket, streams over one, the store through its port, the
//! command line through the binary

#![expect(
    clippy::too_many_lines,
    reason = "a test is a story, told in one piece"
)]

#[cfg(test)]
mod access;
#[cfg(test)]
mod admin;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod changesets;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod coding;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod convergence;
#[cfg(test)]
mod costs;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod echoes;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod environments;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod follower;
#[cfg(test)]
mod history;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod instances;
#[cfg(test)]
mod live;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod overrides;
#[cfg(test)]
mod people;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod process;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod salts;
#[cfg(test)]
mod service;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod usage;
