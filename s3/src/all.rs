//! All objects whose keys begin alike, as one.

use bytes::Bytes;

use crate::store::too_slow;
use crate::{FetchError, Fetched, Location, Store};

/// What a conditional fetch of all gave.
#[derive(Clone, Debug)]
pub enum FetchedAll {
    /// They are still of the version that the caller has.
    NotModified,
    /// They are not.
    Objects {
        /// What names this version of them all, for the next conditional fetch.
        version: String,
        /// Their keys and contents, in the order of keys.
        objects: Vec<(String, Bytes)>,
    },
}

/// An object as the bucket lists it.
struct Listed {
    key: String,
    etag: String,
}

impl Store {
    /// Fetches all objects whose keys begin with the location's, unless all are still of that version. Keys that end in
    /// `/` are folders' placeholders, and left out.
    ///
    /// # Errors
    /// Also when there is none, or more than `most`, or one changes meanwhile.
    pub async fn fetch_all(
        &self,
        prefix: &Location,
        most: usize,
        version: Option<&str>,
    ) -> Result<FetchedAll, FetchError> {
        let fetched = tokio::time::timeout(self.timeout, self.all_in_time(prefix, most, version));
        fetched.await.map_err(too_slow(prefix, self.timeout))?
    }

    async fn all_in_time(
        &self,
        prefix: &Location,
        most: usize,
        version: Option<&str>,
    ) -> Result<FetchedAll, FetchError> {
        let listed = self.list(prefix, most).await?;
        if listed.is_empty() {
            let detail = "no key begins so".to_owned();
            return Err(FetchError::Missing { location: prefix.clone(), detail });
        }
        let now = listed.iter().map(|object| format!("{} {}", object.key, object.etag));
        let now = now.collect::<Vec<_>>().join("\n");
        if version == Some(&now) {
            return Ok(FetchedAll::NotModified);
        }
        let (mut objects, mut left) = (Vec::with_capacity(listed.len()), self.max_bytes);
        for Listed { key, etag } in listed {
            let location = Location::new(prefix.bucket(), &key).map_err(|error| FetchError::Unreachable {
                location: prefix.clone(),
                detail: error.to_string(),
            })?;
            let Fetched::Object(object) = self.fetch_in_time(&location, None).await? else { continue };
            if object.etag.as_deref() != Some(&etag) {
                let detail = "it was replaced while its neighbours were fetched".to_owned();
                return Err(FetchError::Unreachable { location, detail });
            }
            left = left.checked_sub(object.bytes.len()).ok_or_else(|| self.too_large(prefix))?;
            objects.push((key, object.bytes));
        }
        Ok(FetchedAll::Objects { version: now, objects })
    }

    /// In the order of keys, as S3 lists them.
    async fn list(&self, prefix: &Location, most: usize) -> Result<Vec<Listed>, FetchError> {
        let request = self.client.list_objects_v2().bucket(prefix.bucket()).prefix(prefix.key());
        let mut pages = request.into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| FetchError::of(prefix, &error))?;
            for object in page.contents() {
                let (key, etag) = (object.key().unwrap_or_default(), object.e_tag().unwrap_or_default());
                if !key.ends_with('/') {
                    listed.push(Listed { key: key.to_owned(), etag: etag.to_owned() });
                }
            }
            if listed.len() > most {
                let detail = format!("more than {most} keys begin so");
                return Err(FetchError::Unreachable { location: prefix.clone(), detail });
            }
        }
        Ok(listed)
    }
}
