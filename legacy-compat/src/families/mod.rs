//! PHP's functions, a file for each family: plain Rust functions, and the rows by which they are called by name.

pub mod arrays;
pub mod bc;
pub mod crypt;
pub mod ctype;
pub mod filter;
pub mod hash;
pub mod html;
pub mod iconv;
pub mod idn;
pub mod math;
pub mod mb;
pub mod misc;
pub mod money;
pub mod password;
pub mod printf;
pub mod round;
pub mod serialize;
pub mod strings;
pub mod types;
pub mod url;

use crate::call::Row;

/// The rows of all families.
pub(crate) fn all() -> Vec<Vec<Row>> {
    let mut rows = vec![
        types::ROWS.to_vec(),
        crate::json::ROWS.to_vec(),
        crate::request::ROWS.to_vec(),
        math::ROWS.to_vec(),
        round::ROWS.to_vec(),
        ctype::ROWS.to_vec(),
        printf::ROWS.to_vec(),
        money::ROWS.to_vec(),
    ];
    rows.extend([url::ROWS.to_vec(), filter::ROWS.to_vec()]);
    rows.extend(html::rows());
    rows.extend(strings::rows());
    rows.extend([serialize::ROWS.to_vec(), hash::ROWS.to_vec(), misc::ROWS.to_vec()]);
    rows.extend(mb::rows());
    rows.extend([iconv::ROWS.to_vec(), idn::ROWS.to_vec(), password::ROWS.to_vec(), crypt::ROWS.to_vec()]);
    rows.extend(arrays::rows());
    rows.push(bc::ROWS.to_vec());
    rows.extend(crate::pcre::rows());
    rows.extend(crate::date::rows());
    rows
}
