//! PHP's functions, each under its own name: what stands in PHP as `substr($text, 1)` is [`substr`]`(&php, &mut args)` here.
//!
//! They are [`call`] with the name checked by the compiler: parameters are coerced, counted and refused as PHP does it, those by
//! reference are changed in `args`, and a function that this PHP does not have throws `Error`. Where the types of a call are
//! settled the plain Rust functions of the [`families`](crate::families) do the same at less cost.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, functions};
//! let php = Php::new(Version::V7_4);
//! // trim(substr("  abc", 1))
//! let cut = functions::substr(&php, &mut vec!["  abc".into(), 1.into()])?;
//! assert_eq!(functions::trim(&php, &mut vec![cut])?, Value::from("abc"));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```

use crate::call::{Outcome, call};
use crate::php::Php;
use crate::value::Value;

macro_rules! functions {
    ($([$family:path] $($name:ident)*;)*) => {
        $($(
            #[doc = concat!("PHP's `", stringify!($name), "`. Its family: [`", stringify!($family), "`].")]
            ///
            /// # Errors
            /// What PHP throws.
            pub fn $name(php: &Php, args: &mut Vec<Value>) -> Outcome {
                call(php, stringify!($name), args)
            }
        )*)*

        #[cfg(test)]
        const NAMES: &[&str] = &[$($(stringify!($name)),*),*];
    };
}

functions! {
    [crate::date]
    checkdate date date_default_timezone_get date_parse date_parse_from_format gmdate gmmktime gmstrftime idate mktime
    strftime strtotime time;
    [crate::families::arrays]
    array_change_key_case array_chunk array_column array_combine array_count_values array_diff
    array_diff_assoc array_diff_key array_diff_uassoc array_diff_ukey array_fill array_fill_keys
    array_filter array_flip array_intersect array_intersect_assoc array_intersect_key
    array_intersect_uassoc array_intersect_ukey
    array_is_list array_key_exists array_key_first array_key_last array_keys array_map array_merge
    array_merge_recursive array_multisort array_pad array_pop array_product array_push array_reduce
    array_replace array_replace_recursive array_reverse array_shift array_slice array_splice array_sum
    array_udiff array_udiff_assoc array_udiff_uassoc array_uintersect array_uintersect_assoc
    array_uintersect_uassoc array_unique array_unshift array_values arsort asort
    count end key_exists krsort ksort natcasesort natsort range reset rsort sizeof sort uasort uksort usort;
    [crate::families::bc]
    bcadd bccomp bcdiv bcmod bcmul bcpow bcpowmod bcsqrt bcsub;
    [crate::families::crypt]
    crypt;
    [crate::families::ctype]
    ctype_alnum ctype_alpha ctype_cntrl ctype_digit ctype_graph ctype_lower ctype_print ctype_punct
    ctype_space ctype_upper ctype_xdigit;
    [crate::families::filter]
    filter_var filter_var_array;
    [crate::families::hash]
    crc32 hash hash_equals hash_hmac hash_pbkdf2 md5 sha1;
    [crate::families::html]
    get_html_translation_table html_entity_decode htmlentities htmlspecialchars htmlspecialchars_decode
    strip_tags;
    [crate::families::iconv]
    iconv iconv_strlen iconv_strpos iconv_strrpos iconv_substr;
    [crate::families::idn]
    idn_to_ascii idn_to_utf8;
    [crate::families::math]
    abs asin base_convert bindec ceil cos decbin dechex decoct deg2rad exp fdiv floor fmod hexdec hypot
    intdiv is_finite is_infinite is_nan log log10 max min octdec pow sin sqrt;
    [crate::families::mb]
    mb_check_encoding mb_chr mb_convert_case mb_convert_encoding mb_decode_mimeheader
    mb_decode_numericentity mb_detect_encoding mb_encode_mimeheader mb_encode_numericentity
    mb_encoding_aliases mb_lcfirst mb_list_encodings mb_ltrim mb_ord mb_preferred_mime_name mb_rtrim
    mb_scrub mb_str_pad mb_str_split mb_strcut mb_strimwidth mb_stripos mb_stristr mb_strlen mb_strpos
    mb_strrchr mb_strrichr mb_strripos mb_strrpos mb_strstr mb_strtolower mb_strtoupper mb_strwidth
    mb_substr mb_substr_count mb_trim mb_ucfirst;
    [crate::families::misc]
    basename dirname inet_ntop inet_pton ip2long long2ip pathinfo version_compare;
    [crate::families::money]
    money_format;
    [crate::families::password]
    password_get_info password_hash password_needs_rehash password_verify;
    [crate::families::printf]
    sprintf vsprintf;
    [crate::families::round]
    number_format round;
    [crate::families::serialize]
    serialize unserialize var_export;
    [crate::families::strings]
    addcslashes addslashes base64_decode base64_encode bin2hex chop chr chunk_split count_chars
    escapeshellarg explode hex2bin implode join lcfirst levenshtein ltrim metaphone nl2br ord
    quoted_printable_decode quoted_printable_encode quotemeta rawurldecode rawurlencode rtrim similar_text
    soundex sscanf str_contains str_ends_with str_getcsv str_ireplace str_pad str_repeat str_replace
    str_rot13 str_split str_starts_with str_word_count strcasecmp strcmp strcoll strcspn stripcslashes
    stripos stripslashes stristr strlen strnatcasecmp strnatcmp strncasecmp strncmp strpbrk strpos strrchr
    strrev strripos strrpos strspn strstr strtolower strtoupper strtr substr substr_compare substr_count
    substr_replace trim ucfirst ucwords urldecode urlencode utf8_decode utf8_encode wordwrap;
    [crate::families::types]
    array_search boolval doubleval floatval get_debug_type gettype in_array intval is_array is_bool
    is_countable is_double is_float is_int is_integer is_iterable is_long is_null is_numeric is_object
    is_scalar is_string settype strval;
    [crate::families::url]
    http_build_query parse_url;
    [crate::json]
    json_decode json_encode json_last_error;
    [crate::pcre]
    preg_filter preg_grep preg_last_error preg_match preg_match_all preg_quote preg_replace
    preg_replace_callback preg_split;
    [crate::request]
    parse_str;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NAMES;
    use crate::call::names;
    use crate::{Php, Version};

    #[test]
    fn every_function_has_its_name_here() {
        let phps = [Version::V5_6, Version::V7_0, Version::V7_4, Version::V8_0, Version::V8_2, Version::V8_4]
            .map(Php::new);
        let known: BTreeSet<_> = phps.iter().flat_map(names).collect();
        let listed: BTreeSet<_> = NAMES.iter().copied().collect();
        let differing: Vec<_> = known.symmetric_difference(&listed).collect();
        assert!(differing.is_empty(), "src/functions.rs lists each function under its family: {differing:?}");
    }
}
