//! The life of the process, from the outside: how it ends, how a new binary takes over from it, what systemd is told.

mod drain;
mod systemd;
mod upgrade;
mod world;
