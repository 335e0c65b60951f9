//! `multipart/form-data`: fields as PHP names them; of a file its name, type and content.

use legacy_compat::{Array, Php, Value, request::Vars};

/// More parts than these are refused.
const PARTS_MAX: usize = 1000;

/// The fields of a body. Its first line is its boundary.
pub(super) fn decode(php: &Php, body: &[u8]) -> Result<Array, String> {
    let end = find(body, b"\r\n").ok_or("a multipart body begins with its boundary")?;
    let boundary = body[..end].strip_prefix(b"--").ok_or("a multipart body begins with its boundary")?;
    let delimiter = [b"\r\n--".as_slice(), boundary].concat();
    let mut vars = Vars::new(php);
    let mut rest = &body[end + 2..];
    for _ in 0..PARTS_MAX {
        let end = find(rest, &delimiter).ok_or("the last part has no end")?;
        part(&rest[..end], &mut vars)?;
        rest = &rest[end + delimiter.len()..];
        if rest.starts_with(b"--") {
            return Ok(vars.finish().0);
        }
        rest = rest.strip_prefix(b"\r\n").ok_or("a boundary ends with its line")?;
    }
    Err(format!("more than {PARTS_MAX} parts"))
}

fn part(part: &[u8], vars: &mut Vars<'_>) -> Result<(), String> {
    let head_end = find(part, b"\r\n\r\n").ok_or("a part has no head")?;
    let (head, content) = (&part[..head_end], &part[head_end + 4..]);
    let head = String::from_utf8_lossy(head);
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let disposition = field("Content-Disposition").ok_or("a part has no Content-Disposition")?;
    let name = parameter(&disposition, "name").ok_or("a part has no name")?;
    let value = match parameter(&disposition, "filename") {
        None => Value::string(content),
        Some(file) => {
            let mut entry = Array::map_with_capacity(3);
            entry.insert("name", Value::string(file));
            entry.insert("type", Value::string(field("Content-Type").unwrap_or_default()));
            entry.insert("content", Value::string(content));
            Value::Array(entry)
        }
    };
    vars.register(name.as_bytes(), value);
    Ok(())
}

/// A parameter of a field's value, its quotes taken off.
fn parameter(value: &str, name: &str) -> Option<String> {
    let lead = format!("{name}=");
    value.split(';').skip(1).map(str::trim).find_map(|part| {
        let text = part.strip_prefix(&lead)?;
        Some(text.trim_matches('"').to_owned())
    })
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use legacy_compat::Version;

    use super::*;

    #[test]
    fn reads_fields_and_files() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\n1\r\n--x\r\n\
            content-disposition: form-data; name=\"f\"; filename=\"t.csv\"\r\nContent-Type: text/csv\r\n\r\nq;w\r\n--x--\r\n";
        let fields = decode(&Php::new(Version::V8_2), body).unwrap();
        assert_eq!(fields["a"].at("b").as_bytes(), Some(b"1".as_slice()));
        assert_eq!(fields["f"].at("content").as_bytes(), Some(b"q;w".as_slice()));
        assert!(decode(&Php::new(Version::V8_2), b"--x\r\nno end").is_err());
    }
}
