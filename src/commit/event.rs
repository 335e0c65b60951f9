//! What makes a record recognisable: its event id, and that it is native's.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use handover_api::{Call, Record};

use super::calls::KEY_FIELD;

/// Tells native's records from legacy's.
pub(crate) const ORIGIN: (&str, &[u8]) = ("handover-origin", b"native");

/// The same for a record however often it is sent, and of no other record.
pub(crate) const EVENT_ID: &str = "handover-event-id";

/// Chance once a process, a count from there on: unique without asking the system at each answer.
static PROCESS: LazyLock<(u64, AtomicU64)> = LazyLock::new(|| {
    let mut chance = [0; 16];
    // Without chance from the system, that of the hasher's keys.
    getrandom::fill(&mut chance).unwrap_or_else(|_| fastrand::fill(&mut chance));
    let [process, first] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|byte| chance[at + byte])));
    (process, AtomicU64::new(first))
});

/// What the ids of one answer are made of.
pub(super) fn seed() -> String {
    let (process, count) = &*PROCESS;
    format!("{process:016x}{:016x}", count.fetch_add(1, Relaxed))
}

/// Marks the calls of one answer, as its records are marked. A key that the handler gave stands.
pub(super) fn mark_calls(calls: &mut [Call], seed: &str) {
    for (index, call) in calls.iter_mut().enumerate() {
        if !call.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(KEY_FIELD)) {
            call.fields.push((KEY_FIELD.to_owned(), format!("{seed}-c{index}").into()));
        }
    }
}

/// Marks the records of one answer. An event id that the handler gave stands. What has the same seed gets the same ids.
pub(super) fn mark(records: &mut [Record], seed: &str) {
    for (index, record) in records.iter_mut().enumerate() {
        if !record.headers.iter().any(|(name, _)| name == EVENT_ID) {
            let id = format!("{seed}-{index}");
            record.headers.push((EVENT_ID.to_owned(), id.into()));
        }
        record.headers.push((ORIGIN.0.to_owned(), Bytes::from_static(ORIGIN.1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(mut records: Vec<Record>) -> Vec<String> {
        mark(&mut records, &seed());
        let id =
            |record: &Record| record.headers.iter().find(|(name, _)| name == EVENT_ID).unwrap().1.clone();
        records.iter().map(|record| String::from_utf8(id(record).to_vec()).unwrap()).collect()
    }

    #[test]
    fn every_record_has_an_id_of_its_own_unless_the_handler_gave_one() {
        let own = Record::new("t", "x").header(EVENT_ID, "order-7");
        let ids = [
            marked(vec![Record::new("t", "x"), Record::new("t", "y"), own]),
            marked(vec![Record::new("t", "x")]),
        ]
        .concat();
        assert_eq!(ids[2], "order-7");
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), 4, "{ids:?}");
    }
}
