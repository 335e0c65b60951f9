//! The settings of PHP that decide what it makes of a request.

/// How PHP reads a request: the `php.ini` settings that say so, each under its PHP name.
///
/// [`max_input_vars`](crate::Php::max_input_vars) and its sibling for nesting stand in [`Php`](crate::Php), since `parse_str()`
/// has them too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// `variables_order`: which of `$_GET` (`G`), `$_POST` (`P`), `$_COOKIE` (`C`) and `$_SERVER` (`S`) are filled. Default
    /// `EGPCS`, `GPCS` in the `php.ini` that distributions ship.
    pub variables_order: String,
    /// `request_order`: what `$_REQUEST` is made of, later ones winning; none is `variables_order`. Default none, `GP` in the
    /// `php.ini` that distributions ship.
    pub request_order: Option<String>,
    /// `arg_separator.input`: each of its bytes separates the variables of a query. Default `&`.
    pub arg_separator_input: String,
    /// `enable_post_data_reading`: whether PHP reads bodies by itself. Default true.
    pub enable_post_data_reading: bool,
    /// `register_argc_argv`: whether `$_SERVER` gets `argv` and `argc` from the query. Default true up to 8.4, off in the
    /// `php.ini` that distributions ship.
    pub register_argc_argv: bool,
    /// `post_max_size`, in bytes; a larger body gives an empty `$_POST`. 0 is no limit. Default 8 MiB.
    pub post_max_size: u64,
    /// `file_uploads`: whether multipart bodies may bring files. Default true.
    pub file_uploads: bool,
    /// `upload_max_filesize`, in bytes; a larger file is `UPLOAD_ERR_INI_SIZE`. 0 is no limit. Default 2 MiB.
    pub upload_max_filesize: u64,
    /// `max_file_uploads`: files beyond that are ignored. Default 20.
    pub max_file_uploads: u64,
    /// `max_multipart_body_parts`: where more come, PHP stops reading. None (-1 in `php.ini`, the default) is
    /// `max_input_vars` and `max_file_uploads` together. Since 8.0.28; earlier versions have no such limit.
    pub max_multipart_body_parts: Option<u64>,
}

impl Default for Settings {
    /// As PHP has them without a `php.ini`.
    fn default() -> Self {
        Self {
            variables_order: "EGPCS".to_owned(),
            request_order: None,
            arg_separator_input: "&".to_owned(),
            enable_post_data_reading: true,
            register_argc_argv: true,
            post_max_size: 8 << 20,
            file_uploads: true,
            upload_max_filesize: 2 << 20,
            max_file_uploads: 20,
            max_multipart_body_parts: None,
        }
    }
}

impl Settings {
    /// As in the `php.ini-production` that distributions install.
    pub fn of_distributions() -> Self {
        Self {
            variables_order: "GPCS".to_owned(),
            request_order: Some("GP".to_owned()),
            register_argc_argv: false,
            ..Self::default()
        }
    }

    /// Whether `variables_order` has that letter, in either case.
    pub(super) fn fills(&self, letter: char) -> bool {
        self.variables_order.chars().any(|c| c.eq_ignore_ascii_case(&letter))
    }
}
