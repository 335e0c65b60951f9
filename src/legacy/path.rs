//! A request's path as the name of a file under a document root.

use std::borrow::Cow;

/// Decodes a path and gives the name relative to the root, without its leading slash. `None` where no file that may be served or run
/// can be meant: malformed escapes, control bytes, backslashes, empty, dot or dot-dot segments, and segments that
/// begin with a dot (`.git`, `.env`, `.htaccess`). Such a path goes to the front controller as it is.
pub(crate) fn clean(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    let relative = decode(path.strip_prefix(b"/")?)?;
    let is_plain = |byte: &u8| *byte >= b' ' && *byte != 0x7F && *byte != b'\\';
    let names = relative.iter().all(is_plain) && relative.split(|byte| *byte == b'/').all(is_visible);
    names.then_some(relative)
}

fn is_visible(segment: &[u8]) -> bool {
    !matches!(segment.first(), None | Some(b'.'))
}

/// Takes `%XX` apart; `None` where the two digits are missing.
pub(crate) fn decode(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'%', path).is_none() {
        return Some(Cow::Borrowed(path));
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => decoded.push(hex(*bytes.next()?)? << 4 | hex(*bytes.next()?)?),
            byte => decoded.push(*byte),
        }
    }
    Some(Cow::Owned(decoded))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Whether `name` matches `pattern`, in which `*` stands for any bytes within one segment.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut star) = ((0, 0), None);
    while at.1 < name.len() {
        match pattern.get(at.0) {
            Some(b'*') => {
                star = Some(at);
                at.0 += 1;
            }
            Some(byte) if *byte == name[at.1] => at = (at.0 + 1, at.1 + 1),
            // The last star takes one byte more, unless that would leave its segment.
            _ => match star {
                Some((behind, taken)) if name[taken] != b'/' => {
                    star = Some((behind, taken + 1));
                    at = (behind + 1, taken + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[at.0..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_names_a_file() {
        for (path, name) in [
            ("/a/b.css", "a/b.css"),
            ("/a%20b.css", "a b.css"),
            ("/%41", "A"),
            ("/caf%C3%A9", "café"),
            ("/..;x/a", ""),
            ("/a;x=1", "a;x=1"),
        ] {
            let expected = (!name.is_empty()).then_some(name.as_bytes());
            assert_eq!(clean(path.as_bytes()).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_path_that_could_mean_something_else_names_none() {
        for path in [
            "",
            "*",
            "a",
            "/",
            "//",
            "//a",
            "/a//b",
            "/a/",
            "/.",
            "/..",
            "/a/..",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/%2E%2e",
            "/a%2F..%2Fb",
            "/..%2f",
            "/a%5cb",
            "/a\\b",
            "/a%00.php",
            "/a%0a",
            "/%7f",
            "/%zz",
            "/%4",
            "/%",
            "/.git/config",
            "/a/.env",
            "/%2egit/config",
            "/a%2F%2Fb",
        ] {
            assert_eq!(clean(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn a_star_stays_within_its_segment() {
        for (pattern, name, expected) in [
            ("info.php", "info.php", true),
            ("info.php", "info.php5", false),
            ("*.php", "a.php", true),
            ("*.php", "a/b.php", false),
            ("admin/*.php", "admin/users.php", true),
            ("admin/*.php", "admin/x/users.php", false),
            ("*/*.php", "a/b.php", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbX", false),
            ("*", "", true),
            ("**", "abc", true),
            ("*.php", "a.php.php", true),
            ("*a/b", "xa/ya/b", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
