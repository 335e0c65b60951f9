//! The operations, on a folder of folders.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use s3s::dto::{
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

/// The largest object that can be put.
const PUT_MAX: usize = 1 << 30;

/// Buckets in a folder.
pub(crate) struct Folder(PathBuf);

/// An object as it is on disk.
struct Found {
    path: PathBuf,
    etag: ETag,
    length: i64,
    modified: Timestamp,
}

impl Folder {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.canonicalize()?))
    }

    /// The file of a key, which may not be there.
    fn path(&self, bucket: &str, key: &str) -> S3Result<PathBuf> {
        let plain =
            |path: &str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain(bucket) || !plain(key) {
            return Err(s3_error!(InvalidArgument, "a key is a path of plain names here"));
        }
        let bucket = self.0.join(bucket);
        if bucket.is_dir() { Ok(bucket.join(key)) } else { Err(s3_error!(NoSuchBucket)) }
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<Found> {
        let path = self.path(bucket, key)?;
        let meta = match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => meta,
            Err(error) if !is_missing(&error) => return Err(S3Error::internal_error(error)),
            Ok(_) | Err(_) => return Err(s3_error!(NoSuchKey)),
        };
        let modified = meta.modified().map_err(S3Error::internal_error)?.into();
        let length = i64::try_from(meta.len()).map_err(S3Error::internal_error)?;
        Ok(Found { etag: etag(&meta), path, length, modified })
    }

    fn get(&self, bucket: &str, key: &str, conditions: &Conditions) -> S3Result<(Found, Bytes)> {
        let found = self.find(bucket, key)?;
        conditions.check(&found.etag)?;
        let bytes = fs::read(&found.path).map_err(S3Error::internal_error)?;
        Ok((found, bytes.into()))
    }

    fn put(&self, bucket: &str, key: &str, bytes: &Bytes) -> S3Result<ETag> {
        let path = self.path(bucket, key)?;
        let folder = path.parent().ok_or_else(|| s3_error!(InvalidArgument))?;
        let write = || {
            fs::create_dir_all(folder)?;
            let mut aside = tempfile::NamedTempFile::new_in(folder)?;
            aside.write_all(bytes)?;
            fs::metadata(aside.persist(&path).map(|_| &path)?)
        };
        Ok(etag(&write().map_err(S3Error::internal_error)?))
    }
}

/// What a request asks of the ETag.
struct Conditions {
    same: Option<ETagCondition>,
    other: Option<ETagCondition>,
}

impl Conditions {
    /// 412 and 304 as in RFC 9110 §13.2.2.
    fn check(&self, etag: &ETag) -> S3Result<()> {
        let is = |condition: &ETagCondition| condition.as_etag().is_none_or(|asked| asked.weak_cmp(etag));
        if self.same.as_ref().is_some_and(|condition| !is(condition)) {
            return Err(s3_error!(PreconditionFailed));
        }
        if self.other.as_ref().is_some_and(is) {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

/// S3's own is a hash of the content. This one tells versions apart as well, and needs no reading.
fn etag(meta: &fs::Metadata) -> ETag {
    ETag::Strong(format!("{:x}-{:x}-{:x}{:08x}", meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[async_trait::async_trait]
impl S3 for Folder {
    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput { bucket, key, if_match, if_none_match, .. } = req.input;
        let (found, bytes) = self.get(&bucket, &key, &Conditions { same: if_match, other: if_none_match })?;
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(bytes.len()).ok(),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            e_tag: Some(found.etag),
            last_modified: Some(found.modified),
            ..Default::default()
        }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let HeadObjectInput { bucket, key, if_match, if_none_match, .. } = req.input;
        let found = self.find(&bucket, &key)?;
        Conditions { same: if_match, other: if_none_match }.check(&found.etag)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(found.length),
            e_tag: Some(found.etag),
            last_modified: Some(found.modified),
            ..Default::default()
        }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, body, .. } = req.input;
        let bytes = match body {
            Some(blob) => {
                let whole = Limited::new(Body::from(blob), PUT_MAX).collect().await;
                whole.map_err(|error| S3Error::with_source(S3ErrorCode::InternalError, error))?.to_bytes()
            }
            None => Bytes::new(),
        };
        let e_tag = Some(self.put(&bucket, &key, &bytes)?);
        Ok(S3Response::new(PutObjectOutput { e_tag, ..Default::default() }))
    }
}
