//! Versions as `version_compare()` reads them: what stands behind their numbers has an order of its own.

/// What may stand there: `dev < alpha < beta < RC < nothing < pl`, and what PHP doesn't know is before all of them.
const FORMS: [&str; 8] = ["dev", "alpha1", "beta1", "RC1", "rc1", "rc2", "pl1", "x1"];

/// Whether it is numbers with dots between, and perhaps letters and a number behind.
pub(crate) fn is_version(text: &[u8]) -> bool {
    let (numbers, form) = parts(text);
    let letters = form.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    text.len() <= 20
        && numbers.contains(&b'.')
        && numbers.split(|byte| *byte == b'.').all(is_number)
        && form[letters..].iter().all(u8::is_ascii_digit)
}

/// The version, shorter and longer ones, and those that begin with its numbers.
pub(crate) fn near(version: &[u8]) -> Vec<Vec<u8>> {
    let (numbers, _) = parts(version);
    let shorter = numbers.iter().rposition(|byte| *byte == b'.').unwrap_or(numbers.len());
    let mut near =
        vec![version.to_vec(), numbers.to_vec(), [numbers, b".0"].concat(), numbers[..shorter].to_vec()];
    near.extend(FORMS.iter().map(|form| [numbers, form.as_bytes()].concat()));
    near.dedup();
    near
}

fn parts(version: &[u8]) -> (&[u8], &[u8]) {
    let letter = version.iter().position(u8::is_ascii_alphabetic).unwrap_or(version.len());
    version.split_at(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_other_texts_and_those_near_one_are_versions() {
        for version in ["1.2", "2.7.9", "2.5rc1", "10.0dev"] {
            assert!(is_version(version.as_bytes()), "{version}");
            assert!(near(version.as_bytes()).iter().skip(4).all(|near| is_version(near)));
        }
        for other in ["12", "1.", ".5", "a1.2", "1.2-3", "1.2rc1x", "2013-01-15", ""] {
            assert!(!is_version(other.as_bytes()), "{other}");
        }
        let near: Vec<_> = near(b"2.5rc1").into_iter().map(|near| String::from_utf8(near).unwrap()).collect();
        assert_eq!(near[..5], ["2.5rc1", "2.5", "2.5.0", "2", "2.5dev"]);
    }
}
