//! The style and the script of the pages: two files, served from the binary.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Where they are; the version keeps a browser from using those of another one.
pub(super) const STYLE: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), ".css");
pub(super) const SCRIPT: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), ".js");

/// A square that goes from the old colour to the new one.
pub(super) const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 2'%3E\
    %3Cpath fill='%238892bf' d='M0 0h2L0 2z'/%3E%3Cpath fill='%23b7410e' d='M2 0v2H0z'/%3E%3C/svg%3E";

/// One of them.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let (kind, content) = match name.rsplit_once('.') {
        Some((_, "css")) => ("text/css; charset=utf-8", include_str!("assets/review.css")),
        Some((_, "js")) => ("text/javascript; charset=utf-8", include_str!("assets/review.js")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], content).into_response()
}
