//! Where an object is: `s3://bucket/key`.

use std::fmt;
use std::str::FromStr;

/// A bucket and a key in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    bucket: String,
    key: String,
}

impl Location {
    /// That key in that bucket.
    pub fn new(bucket: &str, key: &str) -> Result<Self, InvalidLocation> {
        if !is_bucket(bucket) || key.is_empty() || key.len() > 1024 {
            return Err(InvalidLocation(format!("s3://{bucket}/{key}")));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(url: &str) -> Result<Self, InvalidLocation> {
        let parts = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let (bucket, key) = parts.ok_or_else(|| InvalidLocation(url.to_owned()))?;
        Self::new(bucket, key)
    }
}

/// The form of bucket names (S3 User Guide, "General purpose bucket naming rules").
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Not the address of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of an object: expected s3://bucket/key, the bucket in lower case")]
pub struct InvalidLocation(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_key() {
        let location: Location = "s3://tables/2013/airports.csv".parse().unwrap();
        assert_eq!((location.bucket(), location.key()), ("tables", "2013/airports.csv"));
        assert_eq!(location.to_string(), "s3://tables/2013/airports.csv");
        for wrong in [
            "tables/x",
            "s3:/tables/x",
            "s3://tables",
            "s3://tables/",
            "s3://Tables/x",
            "s3://t/x",
            "s3:///x",
        ] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }
}
