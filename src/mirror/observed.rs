//! What legacy did of the application's own: the application's observers are asked once legacy has answered.

use std::collections::BTreeMap;
use std::time::Duration;

use handover_api::{BoxedObserve, Own, Request, Response};
use handover_shadow::{Answer, Body, EffectRecord, Effects, OwnEffects};
use http::StatusCode;

use crate::native::application::Observers;
use crate::native::{message, unwinding};

/// How long each may look.
pub(super) const WITHIN: Duration = Duration::from_secs(5);

/// The most effects of one kind that one request has.
const EFFECTS_MAX: usize = 256;

/// What legacy did of these kinds when it answered that request so. What cannot be told is not comparable.
pub(super) async fn observed(
    observers: &Observers,
    kinds: &[String],
    request: &Request,
    answer: &Answer,
    within: Duration,
) -> OwnEffects {
    let mut own = BTreeMap::new();
    if kinds.is_empty() {
        return own;
    }
    let response = response(answer);
    for kind in kinds {
        let effects = match (observers.get(kind), &response) {
            (Some(observer), Ok(response)) => one(kind, observer, (request, response), within).await,
            (Some(_), Err(why)) => Err((*why).to_owned()),
            (None, _) => Err(format!("nobody is registered who sees legacy's `{kind}`")),
        };
        own.insert(kind.clone(), effects.map_or_else(Effects::NotComparable, Effects::Known));
    }
    own
}

async fn one(
    kind: &str,
    observer: &BoxedObserve,
    (request, response): (&Request, &Response),
    within: Duration,
) -> Result<Vec<EffectRecord>, String> {
    let looking = unwinding(observer.observe_boxed(request, response));
    let seen = match tokio::time::timeout(within, looking).await {
        Ok(Ok(seen)) => seen.map_err(|why| format!("legacy's `{kind}` is not seen: {why}"))?,
        Ok(Err(panic)) => return Err(format!("who sees legacy's `{kind}` panicked: {}", message(&*panic))),
        Err(_) => return Err(format!("legacy's `{kind}` was not seen within {within:?}")),
    };
    if seen.len() > EFFECTS_MAX {
        return Err(format!("legacy has more than {EFFECTS_MAX} effects of the kind `{kind}`"));
    }
    let effect = |own: &Own| (own.kind == kind).then(|| EffectRecord::from(own));
    let effects: Option<Vec<_>> = seen.iter().map(effect).collect();
    effects.ok_or_else(|| format!("who sees legacy's `{kind}` tells of another kind"))
}

/// Legacy's answer as an observer gets it.
fn response(answer: &Answer) -> Result<Response, &'static str> {
    let Body::Whole(body) = &answer.body else { return Err("a body is larger than the capture's bound") };
    let status = StatusCode::from_u16(answer.status).map_err(|_| "legacy's status is none")?;
    Ok(Response { status, fields: answer.fields.clone(), body: body.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use handover_api::{Fields, NotObserved, Observe};
    use http::Method;

    use super::*;

    struct By(fn() -> Result<Vec<Own>, NotObserved>);

    impl Observe for By {
        async fn observe(&self, _: &Request, _: &Response) -> Result<Vec<Own>, NotObserved> {
            (self.0)()
        }
    }

    struct Never;

    impl Observe for Never {
        async fn observe(&self, _: &Request, _: &Response) -> Result<Vec<Own>, NotObserved> {
            std::future::pending().await
        }
    }

    async fn seen(observer: impl Observe, body: Body) -> Effects {
        let observers: Observers = [("rows".to_owned(), Arc::new(observer) as BoxedObserve)].into();
        let request = Request::builder(Method::POST, "/").build().unwrap();
        let answer = Answer { status: 201, fields: Fields::new(), body };
        let (kinds, within) = (["rows".to_owned()], Duration::from_millis(50));
        observed(&observers, &kinds, &request, &answer, within).await.remove("rows").unwrap()
    }

    #[tokio::test]
    async fn what_legacy_did_is_known_or_there_is_a_reason_why_not() {
        let whole = || Body::from("{}");
        let known = seen(By(|| Ok(vec![Own::new("rows", "{}").key("7")])), whole()).await;
        let Effects::Known(effects) = known else { panic!("{known:?}") };
        assert_eq!((effects[0].topic.as_str(), effects[0].key.as_deref()), ("own:rows", Some(&b"7"[..])));
        assert_eq!(seen(By(|| Ok(Vec::new())), whole()).await, Effects::Known(Vec::new()));

        let many = By(|| Ok(vec![Own::new("rows", "{}"); EFFECTS_MAX + 1]));
        for (unknown, why) in [
            (seen(By(|| Err(NotObserved::because("it is gone"))), whole()).await, "it is gone"),
            (seen(By(|| panic!("a planted fault")), whole()).await, "a planted fault"),
            (seen(By(|| Ok(vec![Own::new("others", "{}")])), whole()).await, "another kind"),
            (seen(Never, whole()).await, "within 50ms"),
            (seen(many, whole()).await, "more than 256"),
            (seen(By(|| Ok(Vec::new())), Body::Cut("{".into())).await, "capture's bound"),
        ] {
            assert!(
                matches!(&unknown, Effects::NotComparable(reason) if reason.contains(why)),
                "{unknown:?}"
            );
        }
    }
}
