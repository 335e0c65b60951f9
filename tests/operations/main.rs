//! The life of the process, from the outside: how it ends, how a new binary takes over from it.

mod drain;
mod upgrade;
mod world;
