//! The life of the process, from the outside: how it ends.

mod drain;
mod world;
