//! What becomes of an answer whose effects of its own are done, refused, lost or broken off.

mod with_session;

use std::path::Path;
use std::sync::{Arc, Mutex};

use handover_api::{Answer, BoxedCommit, Commit, Once, Receipt, Record, Response};
use tokio::runtime::Handle;

use super::*;
use crate::commit::{BoxError, Producers, tests};
use crate::config::source::Sources;
use crate::config::valid::Config;
use crate::config::validate::{Against, validate};
use crate::native::application::Names;
use crate::observe::chain;
use crate::route::Route;

/// Does as the effect says, and notes which came under which event id.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<(String, String)>>>);

impl Rows {
    /// What came.
    fn values(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(value, _)| value.clone()).collect()
    }

    /// Under which event ids.
    fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, id)| id.clone()).collect()
    }
}

impl Commit for Rows {
    async fn commit(&self, effect: &Own, cx: &CommitContext) -> Result<Receipt, CommitError> {
        let value = String::from_utf8(effect.value.to_vec()).unwrap();
        let number = {
            let mut rows = self.0.lock().unwrap();
            rows.push((value.clone(), cx.event_id().to_owned()));
            rows.len()
        };
        tokio::task::yield_now().await;
        match value.as_str() {
            "before" => Err(CommitError::before("the table is locked")),
            "unknown" => Err(CommitError::unknown("the connection broke off")),
            "panics" => panic!("a planted fault"),
            "never" => std::future::pending().await,
            "slow" => {
                tokio::time::sleep(Duration::from_millis(800)).await;
                Ok(Receipt::of(number))
            }
            _ => Ok(Receipt::of(number)),
        }
    }
}

/// A process with a route, with or without a spool, and the rows that it commits.
struct World {
    rows: Rows,
    producers: Producers,
    route: Arc<Route>,
    _state: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self::with("", "5s")
    }

    /// With more in its file behind the legacy: `[spool]`, or what else is said of the legacy.
    fn with(more: &str, timeout: &str) -> Self {
        let (rows, state) = (Rows::default(), tempfile::tempdir().unwrap());
        let committers = [("rows".to_owned(), Arc::new(rows.clone()) as BoxedCommit)].into();
        let config = config(state.path(), more, timeout);
        let producers = Producers::with(committers);
        producers.prepare(&config, &Handle::current()).unwrap();
        let route = tests::route(&config, "create");
        Self { rows, producers, route, _state: state }
    }

    async fn answer(&self, answer: Answer) -> Result<Response, NotCommitted> {
        self.producers.answer(&self.route, answer, None).await
    }
}

/// No Kafka is there: what goes there goes through the spool.
fn config(state: &Path, more: &str, timeout: &str) -> Arc<Config> {
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\n{more}\n[kafka.main]\nbootstrap = '127.0.0.1:1'\n[[route]]\n\
         name = 'create'\nmatch = 'POST /'\nstage = 'native'\nnative = 'nothing'\ntimeout = '{timeout}'\n\
         idempotency = {{ window = '1m' }}\n"
    );
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["nothing"]), state: Some(state) };
    let checked = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::new(checked.config)
}

/// An answer that asks for these rows.
fn asking(rows: &[&'static str]) -> Answer {
    rows.iter()
        .fold(Answer::new(Response::text(201, "made")), |answer, row| answer.with(Own::new("rows", *row)))
}

fn said(error: NotCommitted) -> (&'static str, String) {
    let kind = match error {
        NotCommitted::Before(_) => "before",
        NotCommitted::UnderWay => "under way",
        NotCommitted::Unknown(_) => "unknown",
        NotCommitted::InPart(_) => "in part",
    };
    (kind, chain(&error))
}

#[tokio::test]
async fn they_are_done_in_their_order_and_the_response_is_finished_by_their_receipts() {
    let world = World::new();
    let answer = Answer::new(Response::text(201, ""))
        .with(Own::new("rows", "first").receipt("one", "0"))
        .with(Own::new("rows", "second").receipt("two", "0"))
        .finish(|response, receipts| {
            Ok(response.body(format!("{}, {}", receipts.get("one")?, receipts.get("two")?)))
        });
    let response = world.answer(answer).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (201, &b"1, 2"[..]));
    assert_eq!(world.rows.values(), ["first", "second"]);
    let ids = world.rows.ids();
    assert!(ids[0].ends_with("-o0") && ids[1].ends_with("-o1") && ids[0][..32] == ids[1][..32], "{ids:?}");
}

#[tokio::test]
async fn only_where_nothing_has_happened_may_legacy_answer() {
    for (rows, kind, why, begun) in [
        (&["before", "b"][..], "before", "the table is locked", 1),
        (&["unknown", "b"], "unknown", "the connection broke off", 1),
        (&["panics", "b"], "unknown", "a planted fault", 1),
        (&["never", "b"], "unknown", "longer than 300ms", 1),
        (&["a", "before"], "in part", "the table is locked", 2),
        (&["a", "unknown"], "in part", "the connection broke off", 2),
        (&["a", "panics"], "in part", "a planted fault", 2),
        (&["a", "never"], "in part", "longer than 300ms", 2),
    ] {
        let world = World::with("", "300ms");
        let (found, chain) = said(world.answer(asking(rows)).await.unwrap_err());
        assert!(found == kind && chain.contains(why), "{rows:?}: {found}: {chain}");
        assert_eq!(world.rows.values().len(), begun, "{rows:?}");
        let [Ends { committed, refused, unknown, .. }] = world.producers.own_effects()[..] else { panic!() };
        let ended = if why.contains("locked") { (1, 0) } else { (0, 1) };
        assert_eq!((committed, (refused, unknown)), (begun as u64 - 1, ended), "{rows:?}");
    }
}

#[tokio::test]
async fn nothing_is_begun_where_not_all_can_be_committed() {
    let world = World::new();
    let strange = asking(&["a"]).with(Own::new("mails", "b"));
    let (kind, why) = said(world.answer(strange).await.unwrap_err());
    assert!(kind == "before" && why.contains("`mails`"), "{kind}: {why}");

    let with_record = || asking(&["a"]).with(Record::new("flights", "1"));
    let (kind, why) = said(world.answer(with_record()).await.unwrap_err());
    assert!(kind == "before" && why.contains("no spool"), "{kind}: {why}");

    let small = World::with("[spool]", "5s");
    let large =
        (0..20).fold(asking(&["a"]), |answer, _| answer.with(Record::new("flights", vec![b'x'; 900_000])));
    assert_eq!(said(small.answer(large).await.unwrap_err()).0, "before", "there is no room");
    assert!(world.rows.values().is_empty() && small.rows.values().is_empty());
}

#[tokio::test]
async fn the_records_have_room_before_the_first_is_done_and_go_only_when_all_are() {
    let world = World::with("[spool]", "5s");
    let spooler = world.producers.spooler().unwrap();
    let record = || Record::new("flights", "1");
    let failed = asking(&["a", "before"]).with(record());
    assert_eq!(said(world.answer(failed).await.unwrap_err()).0, "in part");
    assert!(!spooler.holds("main", &[record()]), "its room is given back");
    let response = world.answer(asking(&["a", "b"]).with(record())).await.unwrap();
    assert!(spooler.holds("main", &[record()]));
    assert_eq!(
        response.fields.get("handover-ack"),
        Some(&b"spool"[..]),
        "less than `delivered`, so it says so"
    );
}

#[test]
fn what_fails_behind_them_is_no_reason_to_fall_back() {
    let error = || BoxError::from("the disk is broken");
    for (before, after) in [
        (NotCommitted::Before(error()), "in part"),
        (NotCommitted::Unknown(error()), "in part"),
        (NotCommitted::InPart(error()), "in part"),
        (NotCommitted::UnderWay, "under way"),
    ] {
        assert_eq!(said(and_then(before)).0, after);
    }
}

#[tokio::test]
async fn a_response_that_cannot_be_finished_says_that_all_was_committed() {
    let world = World::new();
    for (answer, why) in [
        (
            asking(&["a"]).finish(|_, receipts| Ok(Response::text(201, receipts.get("other")?.to_owned()))),
            "no receipt",
        ),
        (asking(&["a"]).finish(|_, _| panic!("a planted fault")), "a planted fault"),
    ] {
        let error = world.answer(answer).await.unwrap_err();
        assert_eq!(error.failure().response().status.as_u16(), 500);
        let (kind, chain) = said(error);
        assert!(kind == "in part" && chain.contains(why), "{kind}: {chain}");
    }
    assert_eq!(world.rows.values(), ["a", "a"]);
    let nothing = asking(&[]).finish(|_, _| panic!("a planted fault"));
    assert_eq!(said(world.answer(nothing).await.unwrap_err()).0, "before", "there was nothing to commit");
}

/// An answer of that event, finished by a receipt.
fn event(key: &'static str, row: &'static str) -> Answer {
    let row = Own::new("rows", row).receipt("row", "0");
    let answer = Answer::new(Response::text(201, "")).with(Once::by(key)).with(row);
    answer.finish(|response, receipts| Ok(response.body(receipts.get("row")?.to_owned())))
}

#[tokio::test]
async fn a_repetition_is_answered_alike_and_done_once() {
    let world = World::new();
    let first = world.answer(event("e-1", "a")).await.unwrap();
    let again = world.answer(event("e-1", "a")).await.unwrap();
    assert_eq!((&first.body[..], &first), (&b"1"[..], &again));
    let other = world.answer(event("e-2", "a")).await.unwrap();
    assert_eq!(&other.body[..], b"2");
    assert_eq!(world.rows.values(), ["a", "a"]);
}

#[tokio::test]
async fn what_may_have_happened_is_not_tried_again_and_what_has_not_is_under_the_same_event_id() {
    let world = World::new();
    let (kind, _) = said(world.answer(event("e-1", "unknown")).await.unwrap_err());
    assert_eq!(kind, "unknown");
    let again = world.answer(event("e-1", "unknown")).await.unwrap();
    assert_eq!((again.status.as_u16(), world.rows.values().len()), (503, 1), "it is told the same");

    let in_part = || event("e-2", "a").with(Own::new("rows", "before"));
    assert_eq!(said(world.answer(in_part()).await.unwrap_err()).0, "in part");
    assert_eq!(world.answer(in_part()).await.unwrap().status.as_u16(), 500);
    assert_eq!(world.rows.values().len(), 3);

    for _ in 0..2 {
        assert_eq!(said(world.answer(event("e-3", "before")).await.unwrap_err()).0, "before");
    }
    let ids = world.rows.ids();
    assert!(ids.len() == 5 && ids[3] == ids[4] && ids[0] != ids[3], "{ids:?}");
}
