//! The clients reach every rule of the legacy, both ways.

#![allow(missing_docs)]

mod batch;

use std::{collections::BTreeMap, fs};

use anyhow::Result;
use handover_demo::clients::{OldClients, Request, tidy};

const OLD_CLIENTS: usize = 20_000;

/// How often each rule fired and stayed quiet.
type Coverage = BTreeMap<String, [u64; 2]>;

fn coverage(requests: &[Request]) -> Result<Coverage> {
    let file = tempfile::NamedTempFile::new()?;
    batch::legacy(requests, 1_400_000_000, Some(file.path()))?;
    let mut counts = Coverage::new();
    for part in fs::read_to_string(file.path())?.lines().flat_map(|line| line.split(';')) {
        let (rule, count) = part.split_once('=').unwrap_or((part, "0"));
        let (code, way) = rule.split_once(' ').unwrap_or((rule, ""));
        counts.entry(code.to_owned()).or_default()[usize::from(way == "quiet")] += count.parse::<u64>()?;
    }
    Ok(counts)
}

/// The codes of all rules, from the legacy's source.
fn codes() -> Result<Vec<String>> {
    let mut codes = Vec::new();
    for file in fs::read_dir(batch::demo("legacy/includes/rules"))? {
        let source = fs::read_to_string(file?.path())?;
        let after = source.split("'F").skip(1).filter_map(|rest| rest.get(..3));
        codes.extend(after.filter(|rest| rest.parse::<u16>().is_ok()).map(|digits| format!("F{digits}")));
    }
    codes.sort();
    codes.dedup();
    Ok(codes)
}

#[test]
fn old_clients_make_every_rule_fire_and_pass() -> Result<()> {
    let records = batch::real_records()?;
    let requests: Vec<Request> = OldClients::new(1, &records).take(OLD_CLIENTS).collect();
    let counts = coverage(&requests)?;
    let codes = codes()?;
    assert!(codes.len() >= 120, "{} rules", codes.len());
    for code in &codes {
        let [fired, quiet] = counts.get(code).copied().unwrap_or_default();
        println!("{code} fired {fired:6} quiet {quiet:8}");
    }
    let missing: Vec<_> =
        codes.iter().filter(|code| counts.get(*code).is_none_or(|[f, q]| *f == 0 || *q == 0)).collect();
    assert!(missing.is_empty(), "rules that did not both fire and pass: {missing:?}");
    Ok(())
}

#[test]
fn oddities_aim_at_rules_that_exist() -> Result<()> {
    let (records, codes) = (batch::real_records()?, codes()?);
    let unknown: Vec<_> =
        OldClients::new(1, &records).rules().filter(|rule| !codes.iter().any(|code| code == rule)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    Ok(())
}

#[test]
fn most_real_records_are_accepted_and_some_are_not() -> Result<()> {
    let records = batch::real_records()?;
    let requests: Vec<Request> = records.iter().take(5_000).map(tidy).collect();
    let answers = batch::legacy(&requests, 1_400_000_000, None)?;
    let accepted = answers.iter().filter(|answer| answer.status == 202 && answer.record.is_some()).count();
    let rejected = answers.iter().filter(|answer| answer.status == 422 && answer.record.is_none()).count();
    assert_eq!(
        (accepted + rejected, rejected > 0, accepted > 4_900),
        (5_000, true, true),
        "{accepted} accepted"
    );
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_requests() -> Result<()> {
    let records = batch::real_records()?;
    let take = |seed| OldClients::new(seed, &records).take(500).collect::<Vec<_>>();
    assert_eq!(take(7), take(7));
    assert_ne!(take(7), take(8));
    Ok(())
}
