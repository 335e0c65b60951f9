//! The life of the process, from the outside: how it ends, how a new binary takes over from it, what systemd is told; and what is
//! told of requests.

mod drain;
mod limits;
mod observed;
mod systemd;
mod upgrade;
mod world;
