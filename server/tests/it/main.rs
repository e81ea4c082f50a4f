//! Tests of the server from outside: routes without a socket, streams over one, the store through its port, the
//! command line through the binary

#![expect(clippy::too_many_lines, reason = "a test is one story")]

#[cfg(test)]
mod access;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flags;
#[cfg(test)]
mod http;
#[cfg(test)]
mod instances;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod overrides;
#[cfg(test)]
mod process;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rolling;
#[cfg(test)]
mod segments;
#[cfg(test)]
mod store;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
#[cfg(test)]
mod usage;
