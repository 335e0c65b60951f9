//! The style and the script of the pages: two files, served from the binary.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Where they are; the version keeps a browser from using those of another one.
pub(super) const STYLE: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), ".css");
pub(super) const SCRIPT: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), ".js");

/// One of them.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let (kind, content) = match name.rsplit_once('.') {
        Some((_, "css")) => ("text/css; charset=utf-8", include_str!("assets/review.css")),
        Some((_, "js")) => ("text/javascript; charset=utf-8", include_str!("assets/review.js")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], content).into_response()
}
