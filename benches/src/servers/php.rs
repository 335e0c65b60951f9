//! The application that is measured in PHP and natively: its folder, its 50,000 campaigns, an event.

use std::fmt::Write as _;

use handover_parts::process;
use tempfile::TempDir;

/// How many campaigns are looked up in.
const CAMPAIGNS: u32 = 50_000;

/// The application's folder: index.php, and the campaigns for PHP and as a table.
pub(crate) fn application() -> TempDir {
    let folder = process::folder("events");
    process::write(folder.path().join("index.php"), include_str!("../../php/index.php"));
    process::write(folder.path().join("rules.php"), include_str!("../../php/rules.php"));
    let mut php = String::from("<?php return [\n");
    let mut csv = String::from("id,advertiser,active,countries\n");
    for number in 0..CAMPAIGNS {
        let (advertiser, active) =
            (format!("Advertiser {}", number % 977), u32::from(!number.is_multiple_of(10)));
        let countries = "AT BE CH DE ES FR GB IT NL PL SE US";
        let _ = writeln!(
            php,
            "'c{number}' => ['advertiser' => '{advertiser}', 'active' => '{active}', 'countries' => '{countries}'],"
        );
        let _ = writeln!(csv, "c{number},{advertiser},{active},{countries}");
    }
    php.push_str("];\n");
    process::write(folder.path().join("campaigns.php"), php);
    process::write(folder.path().join("campaigns.csv"), csv);
    folder
}

/// What stands for a number that each request has anew.
pub(crate) const COUNTED: &str = "@N@";

/// The same event under an id that each request has anew.
pub(crate) fn varied_event() -> String {
    event().replacen("5f3a9c1b7d24", COUNTED, 1)
}

/// An event that all rules let through.
pub(crate) fn event() -> &'static str {
    r#"{"id":"e-5f3a9c1b7d24","type":"click","campaign":"c31337","country":"DE","state":"","device":"phone","os":"android","ts":1700000000,"price":1.25,"currency":"EUR","width":320,"height":50,"referrer":"https://news.example/politics/article-77.html","user":{"id":"u-77120","age":34,"consent":true},"tags":["sport","local","evening"],"ip":"93.184.216.34","lang":"de-DE","session":"9f86d081884c7d659a2feaa0c55ad015","version":"4.17.2"}"#
}
