//! Advisories that a version has mended: an older one must not come back by a lock file.

/// The oldest `h2` without RUSTSEC-2024-0003, RUSTSEC-2024-0332 and RUSTSEC-2026-0258.
const H2: [u32; 3] = [0, 4, 20];

#[test]
fn h2_is_not_older_than_its_advisories() {
    let lock = include_str!("../../Cargo.lock");
    let versions: Vec<[u32; 3]> = lock
        .split("[[package]]")
        .filter(|package| package.contains("name = \"h2\"\n"))
        .map(|package| {
            let version = package.split("version = \"").nth(1).and_then(|rest| rest.split('"').next());
            let numbers: Vec<u32> = version.unwrap().split('.').map(|part| part.parse().unwrap()).collect();
            numbers.try_into().unwrap()
        })
        .collect();
    assert!(!versions.is_empty() && versions.iter().all(|version| *version >= H2), "{versions:?}");
}
