//! Tests of the server from outside: routes without a socket, streams over one, the store through its port

mod admin;
mod evaluation;
mod live;
mod store;
mod support;
