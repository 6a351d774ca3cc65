//! The driver against real HAProxies of every version at hand, and against peers that misbehave.

mod adminsocket;
mod checker;
mod corpus;
mod fakes;
mod managed;
mod outage;
mod reloads;
