//! The main job, end to end: the same requests straight to nginx and php-fpm, and through the proxy in each stage.
//!
//! Real php-fpm, a real Kafka broker, a real S3 server, real nginx. What may differ is listed in [`compare`], with the
//! reason; everything else must be equal to the byte.

mod app;
mod clean;
mod compare;
mod faults;
mod flips;
mod hidden;
mod others;
mod review;
mod sabotage;
mod stages;
mod tried;
mod world;
