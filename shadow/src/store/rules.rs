//! The ignore rules of each route's newest experiment: what evidence is read by where nobody brings newer ones.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Judged, StoreError};
use crate::policy::{Ignore, PolicyRaw};

/// Notes rules. Caches what is noted; [`forget`](Self::forget) after a transaction that failed.
#[derive(Default)]
pub(super) struct Rules {
    /// For each route: of when its newest experiment is, and the table that its rules stand in.
    noted: HashMap<String, (i64, String)>,
}

impl Rules {
    pub(super) fn forget(&mut self) {
        self.noted.clear();
    }

    /// Notes an experiment's rules, unless a newer one's are noted: one whose effects were awaited comes late.
    pub(super) fn note(&mut self, db: &Connection, judged: &Judged) -> rusqlite::Result<()> {
        let (route, written) = (&judged.experiment.route, judged.policy.written());
        let at = judged.experiment.at.as_microsecond();
        let known = match self.noted.get_mut(route) {
            Some(known) => known,
            None => {
                let known = noted(db, route)?.unwrap_or_default();
                self.noted.entry(route.clone()).or_insert(known)
            }
        };
        if at < known.0 {
            return Ok(());
        }
        known.0 = at;
        if known.1 == written {
            return Ok(());
        }
        written.clone_into(&mut known.1);
        db.prepare_cached("INSERT OR REPLACE INTO policies (route, at, written) VALUES (?, ?, ?)")?
            .execute(params![route, at, written])
            .map(drop)
    }
}

fn noted(db: &Connection, route: &str) -> rusqlite::Result<Option<(i64, String)>> {
    db.prepare_cached("SELECT at, written FROM policies WHERE route = ?")?
        .query_row([route], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The rules that are noted for a route. Without any, and where they cannot be understood, everything counts.
pub(super) fn of(db: &Connection, route: &str) -> Result<Vec<Ignore>, StoreError> {
    let raw = noted(db, route)?.and_then(|(_, written)| serde_json::from_str::<PolicyRaw>(&written).ok());
    let policy = raw.and_then(|raw| raw.validate().ok());
    Ok(policy.map_or_else(Vec::new, |policy| policy.ignore().to_vec()))
}

/// Forgets those of routes that there is no evidence of any more.
pub(super) fn retain(db: &Connection) -> rusqlite::Result<()> {
    db.execute("DELETE FROM policies WHERE route NOT IN (SELECT route FROM evidence)", []).map(drop)
}
