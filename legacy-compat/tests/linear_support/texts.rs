//! The functions that take texts: what each is given, and in which place.

use legacy_compat::Value;

use super::hostile::*;
use super::{Text, many, within};

pub struct Row {
    pub functions: &'static str,
    pub arguments: fn(&[u8]) -> Vec<Value>,
    pub texts: &'static [Text],
}

const fn row(functions: &'static str, arguments: fn(&[u8]) -> Vec<Value>, texts: &'static [Text]) -> Row {
    Row { functions, arguments, texts }
}

fn alone(text: &[u8]) -> Vec<Value> {
    vec![text.into()]
}

/// The same text twice: to be found in itself, compared to itself, and so on.
fn twice(text: &[u8]) -> Vec<Value> {
    vec![text.into(), text.into()]
}

/// A text and its first half, which is found, or its last byte is not.
fn half(text: &[u8]) -> Vec<Value> {
    vec![text.into(), text[..text.len() / 2].into()]
}

/// A text in which something almost as long is not found.
fn almost(text: &[u8]) -> Vec<Value> {
    vec![text.into(), [&text[..text.len() / 2], b"\x01"].concat().into()]
}

fn second(text: &[u8]) -> Vec<Value> {
    vec!["a".into(), text.into()]
}

fn with_number(text: &[u8]) -> Vec<Value> {
    vec![text.into(), 3.into()]
}

fn from_the_end(text: &[u8]) -> Vec<Value> {
    vec![text.into(), (-3).into(), 2.into()]
}

/// Functions of texts, what they are called with, and the texts.
pub const ROWS: &[Row] = &[
    row(
        "strlen trim ltrim rtrim chop strtolower strtoupper ucfirst lcfirst ucwords strrev str_rot13 nl2br ord bin2hex \
         hex2bin base64_encode utf8_encode utf8_decode soundex metaphone count_chars str_split chunk_split wordwrap \
         str_word_count ctype_alnum ctype_alpha ctype_cntrl ctype_digit ctype_graph ctype_lower ctype_print ctype_punct \
         ctype_space ctype_upper ctype_xdigit crc32 md5 sha1 preg_quote escapeshellarg is_string gettype",
        alone,
        PLAIN,
    ),
    row("soundex metaphone str_word_count wordwrap ucwords", alone, LINES),
    row(
        "metaphone",
        alone,
        &[many("gh"), many("sch"), many("cia"), many("tch"), many("w"), many("x"), many("ae")],
    ),
    row(
        "addslashes stripslashes stripcslashes quotemeta urlencode rawurlencode urldecode rawurldecode \
         quoted_printable_encode quoted_printable_decode base64_decode mb_convert_encoding preg_quote nl2br",
        alone,
        ESCAPED,
    ),
    row(
        "intval floatval doubleval boolval strval is_numeric bindec hexdec octdec dechex decbin abs floor ceil round \
         number_format mb_chr chr is_finite sqrt log ip2long long2ip inet_pton inet_ntop filter_var",
        alone,
        NUMBERS,
    ),
    row("bcadd bcsub bccomp max min hypot fmod fdiv base_convert array_sum range intdiv", twice, NUMBERS),
    row("settype", |text| vec![text.into(), "int".into()], NUMBERS),
    row("base_convert", |text| vec![text.into(), 16.into(), 7.into()], NUMBERS),
    row("htmlspecialchars htmlspecialchars_decode htmlentities html_entity_decode strip_tags", alone, MARKUP),
    row(
        "htmlspecialchars htmlentities",
        |text| vec![text.into(), 3.into(), "UTF-8".into(), false.into()],
        MARKUP,
    ),
    row("htmlentities html_entity_decode", |text| vec![text.into(), (3 | 48).into()], MARKUP),
    row("strip_tags", |text| vec![text.into(), "<a><b>".into()], MARKUP),
    row("strtotime date_parse date idate gmdate strftime gmstrftime checkdate mktime", alone, DATES),
    row("date_parse_from_format", |text| vec!["Y-m-d H:i:s T".into(), text.into()], DATES),
    row(
        "date_parse_from_format",
        |text| vec![text.into(), "2024-01-15".into()],
        &[many("Y"), many("?"), many("*"), many("+"), many(" "), many("\\")],
    ),
    row(
        "date_parse_from_format",
        twice,
        &[many("D "), many("T"), many("?"), many("*"), many("j"), many("1"), many("e")],
    ),
    row(
        "date gmdate strftime gmstrftime",
        alone,
        &[many("Y"), many("\\"), many("%Y"), many("%"), many("c"), many("%c"), many("e")],
    ),
    row("version_compare", |text| vec![text.into(), "1".into()], VERSIONS),
    row("version_compare", |text| vec![text.into(), "#".into()], VERSIONS),
    row("version_compare", |text| vec!["#".into(), text.into()], VERSIONS),
    row("version_compare", twice, VERSIONS),
    row(
        "parse_url basename dirname pathinfo ip2long inet_pton inet_ntop idn_to_ascii idn_to_utf8 rawurlencode \
         urlencode str_getcsv",
        alone,
        ADDRESSES,
    ),
    row("dirname", |text| vec![text.into(), 100_000.into()], &[many("a/"), many("/"), many("a//")]),
    row("mb_decode_mimeheader mb_encode_mimeheader", alone, MAIL),
    row("unserialize", alone, SERIALIZED),
    row("json_decode", alone, JSON),
    row("json_decode", |text| vec![text.into(), true.into(), 4096.into(), (1 << 20 | 2).into()], JSON),
    row("json_encode serialize var_export get_debug_type", alone, BROKEN),
    row("json_encode", |text| vec![text.into(), (32 | 128 | 512 | 1 << 21).into()], BROKEN),
    row("json_encode", |text| vec![text.into(), (32 | 512).into()], NUMBERS),
    row("str_getcsv nl2br", alone, LINES),
    row(
        "parse_str",
        alone,
        &[
            many("a&"),
            many("&"),
            many("a[]&"),
            many("a[b]["),
            many("["),
            many("a["),
            many("a.b="),
            many("%5B"),
            many("="),
        ],
    ),
    row("similar_text levenshtein", |text| vec![text.into(), "abc".into()], PLAIN),
    row(
        "strcmp strcasecmp strcoll strnatcmp strnatcasecmp strpos stripos strrpos strripos strstr stristr strrchr \
         substr_count str_contains str_starts_with str_ends_with strspn strcspn strpbrk explode hash_equals trim ltrim \
         rtrim chop addcslashes mb_strpos mb_stripos mb_strrpos mb_strripos mb_strstr mb_stristr mb_strrchr mb_strrichr \
         mb_substr_count mb_trim mb_ltrim mb_rtrim iconv_strpos iconv_strrpos in_array str_word_count",
        twice,
        PLAIN,
    ),
    row(
        "strpos stripos strrpos strripos strstr stristr substr_count explode mb_strpos mb_stripos mb_strrpos mb_strripos \
         mb_strstr mb_strrchr mb_substr_count iconv_strpos iconv_strrpos strnatcmp strcmp",
        half,
        PLAIN,
    ),
    row(
        "strpos stripos strrpos strripos strstr stristr substr_count explode mb_strpos mb_stripos mb_strrpos mb_strripos \
         mb_strstr mb_strrchr mb_substr_count iconv_strpos iconv_strrpos str_contains",
        almost,
        PLAIN,
    ),
    row("explode iconv_strpos str_contains", second, PLAIN),
    row("strncmp strncasecmp substr_compare", |text| vec![text.into(), text.into(), 3.into()], PLAIN),
    row("substr mb_substr mb_strcut iconv_substr mb_strimwidth", from_the_end, BROKEN),
    row("str_split mb_str_split chunk_split wordwrap str_repeat str_word_count", with_number, BROKEN),
    row("str_pad mb_str_pad", |text| vec![text.into(), (2 * text.len()).into(), text.into()], BROKEN),
    row("substr_replace str_replace str_ireplace", |text| vec![text.into(), text.into(), 3.into()], PLAIN),
    row("str_replace str_ireplace", |text| vec!["a".into(), "bc".into(), text.into()], PLAIN),
    row(
        "str_replace str_ireplace",
        |text| vec![["a", "b", " "].map(Value::from).to_vec().into(), "".into(), text.into()],
        PLAIN,
    ),
    row("strtr", |text| vec![text.into(), text.into(), text.into()], PLAIN),
    row(
        "strtr",
        |text| {
            vec![
                text.into(),
                [("a", "b"), ("aa", "c"), (" ", "")]
                    .map(|(a, b)| (legacy_compat::Key::from(a), Value::from(b)))
                    .into_iter()
                    .collect::<legacy_compat::Array>()
                    .into(),
            ]
        },
        PLAIN,
    ),
    row(
        "mb_strlen mb_strtolower mb_strtoupper mb_ucfirst mb_lcfirst mb_strwidth mb_check_encoding mb_detect_encoding \
         mb_scrub mb_ord mb_str_split mb_trim mb_ltrim mb_rtrim iconv_strlen mb_encode_mimeheader utf8_decode utf8_encode \
         htmlspecialchars htmlentities idn_to_ascii mb_preferred_mime_name mb_encoding_aliases",
        alone,
        BROKEN,
    ),
    row("mb_convert_case", |text| vec![text.into(), 2.into()], BROKEN),
    row("mb_strimwidth", |text| vec![text.into(), 3.into(), 20.into(), text.into()], BROKEN),
    row(
        "mb_encode_numericentity",
        |text| vec![text.into(), [0x80, 0xffff, 0, 0xffff].map(Value::Int).to_vec().into()],
        BROKEN,
    ),
    row(
        "mb_decode_numericentity",
        |text| vec![text.into(), [0, 0xffff, 0, 0xffff].map(Value::Int).to_vec().into()],
        MARKUP,
    ),
    row("sscanf", |text| vec![text.into(), "%d %s %[a-z] %c %f".into()], NUMBERS),
    row("sscanf", |text| vec![text.into(), "%s%s%n".into()], PLAIN),
    row(
        "sscanf",
        |text| vec!["1 2 3".into(), text.into()],
        &[many("%*d"), many("%*[a"), many(" "), many("%"), many("%*[a]"), many("1")],
    ),
    row(
        "sprintf",
        |text| vec![text.into(), 1.into()],
        &[many("%"), many("%%"), many("a"), many("%1$s"), many("%1$'"), within("%", "0", "d"), many("%-")],
    ),
    row(
        "sprintf",
        |text| {
            vec!["%s %10s %.5s %d %f".into(), text.into(), text.into(), text.into(), text.into(), text.into()]
        },
        NUMBERS,
    ),
    row("vsprintf", |text| vec!["%s".into(), vec![Value::from(text)].into()], PLAIN),
    row(
        "money_format",
        |text| vec![text.into(), 1.5.into()],
        &[many("%"), many("%%"), many("a"), within("%", "9", "n"), many("%i")],
    ),
    row("hash", |text| vec!["sha256".into(), text.into()], PLAIN),
    row("hash_hmac", |text| vec!["sha256".into(), text.into(), text.into()], PLAIN),
    row("filter_var", |text| vec![text.into(), 258.into()], PLAIN),
    row("filter_var", |text| vec![text.into(), 257.into()], NUMBERS),
    row("filter_var", |text| vec![text.into(), 259.into()], NUMBERS),
    row("filter_var", |text| vec![text.into(), 273.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 274.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 275.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 276.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 277.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 513.into()], MARKUP),
    row("filter_var", |text| vec![text.into(), 514.into()], PLAIN),
    row("filter_var", |text| vec![text.into(), 515.into()], MARKUP),
    row("filter_var", |text| vec![text.into(), 522.into()], MARKUP),
    row("filter_var", |text| vec![text.into(), 517.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 518.into()], ADDRESSES),
    row("filter_var", |text| vec![text.into(), 519.into()], NUMBERS),
    row("filter_var", |text| vec![text.into(), 520.into()], NUMBERS),
    row(
        "password_get_info",
        alone,
        &[many("$"), many("$2y$"), within("$argon2id$v=19$m=", "1", ""), within("$2y$10$", "a", "")],
    ),
    row(
        "password_needs_rehash",
        |text| vec![text.into(), 1.into()],
        &[many("$"), within("$argon2id$v=19$m=", "1", "")],
    ),
    row(
        "password_verify",
        |text| vec!["a".into(), text.into()],
        &[many("$"), many("a"), within("$2y$10$", "a", ""), within("$argon2id$v=19$m=", "1", "")],
    ),
    // Long enough for what the library does for each match to show beside what the call does.
    row("preg_match_all", |text| vec!["/./u".into(), text.repeat(8).into()], CHARACTERS),
    row("preg_match_all", |text| vec!["/(*UTF8)./".into(), text.repeat(8).into()], CHARACTERS),
    row("preg_split", |text| vec!["//u".into(), text.repeat(8).into()], CHARACTERS),
    row("preg_replace", |text| vec!["/./u".into(), "x".into(), text.repeat(8).into()], CHARACTERS),
    row("preg_match_all", |text| vec!["/a|$/u".into(), text.into(), Value::Null], BROKEN),
    row("preg_match_all", |text| vec!["/(*UTF8)a|$/".into(), text.into(), Value::Null], BROKEN),
    row("preg_match_all", |text| vec!["/./u".into(), text.into(), Value::Null], BROKEN),
    row("preg_match_all", |text| vec!["/(.)(?<n>b)?/s".into(), text.into(), Value::Null, 2.into()], PLAIN),
    row("preg_match_all", |text| vec!["/(?=)/u".into(), text.into(), Value::Null], BROKEN),
    row("preg_match", |text| vec!["/^a*b/u".into(), text.into(), Value::Null], BROKEN),
    row("preg_split", |text| vec!["//u".into(), text.into(), (-1).into(), 1.into()], BROKEN),
    row("preg_split", |text| vec!["/[ ,]/".into(), text.into()], PLAIN),
    row("preg_replace preg_filter", |text| vec!["/\\w/u".into(), "[$0]".into(), text.into()], BROKEN),
    row(
        "preg_replace",
        |text| vec!["/x/".into(), text.into(), "axxb".into()],
        &[many("\\"), many("$"), many("$0"), many("${"), many("a")],
    ),
    row("preg_replace_callback", |text| vec!["/./u".into(), "json_encode".into(), text.into()], BROKEN),
    row("preg_quote", twice, PLAIN),
    row(
        "preg_match",
        |text| vec![text.into(), "a".into()],
        &[
            within("/", "a", "/"),
            many("/"),
            many("("),
            many("{"),
            many("\\"),
            within("/", "a{,2}", "/"),
            within("(", "(a)", ")"),
            within("/[", "a", "/"),
            within("//", "i", ""),
        ],
    ),
];

/// Functions that are measured in another table, that take no text of any length, or that PHP itself makes cost more.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "asin cos deg2rad exp is_nan is_infinite log10 pow sin decoct date_default_timezone_get time gmmktime \
         json_last_error preg_last_error mb_list_encodings get_html_translation_table array_fill",
        "takes numbers, or nothing",
    ),
    (
        "is_array is_bool is_countable is_double is_float is_int is_integer is_iterable is_long is_null is_object is_scalar",
        "looks at the type alone",
    ),
    (
        "bcmul bcdiv bcmod bcpow bcpowmod bcsqrt",
        "PHP multiplies digit by digit too: its time grows with the square",
    ),
    (
        "crypt password_hash hash_pbkdf2",
        "takes its time by intention; SHA-crypt hashes a password once for each of its bytes",
    ),
    ("iconv", "is in the table of encodings"),
];
