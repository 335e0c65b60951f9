//! What PHP sends: the head that `header()`, `http_response_code()` and `setcookie()` build up.
//!
//! | PHP | here |
//! | --- | --- |
//! | `header('X: y')` | [`Head::header`] |
//! | `header('X: y', false)` | [`Head::add`] |
//! | `header('Location: /', true, 301)` | [`Head::header_with`] |
//! | `header_remove` | [`Head::remove`] |
//! | `http_response_code` | [`Head::status`], [`Head::set_status`] |
//! | `setcookie`, `setrawcookie` | [`Cookie`], [`Head::set_cookie`] |

mod cookie;
mod date;
mod head;
mod reason;

pub use cookie::{Cookie, CookieRefused, SameSite};
pub use date::{cookie_date, http_date};
pub use head::{Head, HeaderRefused, Sent};
pub use reason::reason;
