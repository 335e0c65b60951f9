//! S3 as a source of hot tables.
