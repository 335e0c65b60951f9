//! In which way a pair differs: what has to be set aside of it, and what is left of the pair once all of that is.

use crate::verdict::Unknown;

/// Stands for a way that nobody can set aside: too many clusters, or too many ways.
const UNDECIDABLE: &str = "?";

/// What parts the causes from what is left.
const LEFT: &str = " then ";

/// What differences are set aside by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Cause {
    /// A decision on this cluster, or a rule that covers all of its places.
    Cluster(i64),
    /// The same, or the rule with this key, which names some places within that cluster.
    Within(i64, String),
    /// The rule with this key and nothing else: there were too many clusters already.
    Rule(String),
}

impl Cause {
    /// The cluster that the differences belong to.
    pub(super) fn cluster(&self) -> Option<i64> {
        match self {
            Self::Cluster(id) | Self::Within(id, _) => Some(*id),
            Self::Rule(_) => None,
        }
    }
}

/// What a pair's differences are set aside by, and what the pair comes to without these.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// In order, each once; `None` when there are differences that nothing can set aside.
    pub(super) causes: Option<Vec<Cause>>,
    /// What was not compared; `None` when all of it was.
    pub(super) left: Option<Unknown>,
}

impl Way {
    /// A way that stands whatever is decided.
    pub(super) fn undecidable() -> Self {
        Self { causes: None, left: None }
    }

    /// As it is stored: `3 17`, `3 17=9f86d081884c7d65`, `3 17 then pending`, `3 then not-comparable: read late`.
    pub(super) fn text(&self) -> String {
        let Some(causes) = &self.causes else { return UNDECIDABLE.to_owned() };
        let cause = |cause: &Cause| match cause {
            Cause::Cluster(id) => id.to_string(),
            Cause::Within(id, key) => format!("{id}={key}"),
            Cause::Rule(key) => format!("={key}"),
        };
        let mut text = causes.iter().map(cause).collect::<Vec<_>>().join(" ");
        match &self.left {
            None => {}
            Some(Unknown::Pending) => text.extend([LEFT, "pending"]),
            Some(Unknown::NotComparable(reason)) => text.extend([LEFT, "not-comparable: ", reason]),
        }
        text
    }

    /// The way of a stored text. What cannot be understood can't be set aside either.
    pub(super) fn of(text: &str) -> Self {
        let (causes, left) = match text.split_once(LEFT) {
            None => (text, None),
            Some((causes, "pending")) => (causes, Some(Unknown::Pending)),
            Some((causes, left)) => match left.strip_prefix("not-comparable: ") {
                Some(reason) => (causes, Some(Unknown::NotComparable(reason.to_owned()))),
                None => return Self::undecidable(),
            },
        };
        let cause = |text: &str| match text.split_once('=') {
            Some(("", key)) => Ok(Cause::Rule(key.to_owned())),
            Some((id, key)) => id.parse().map(|id| Cause::Within(id, key.to_owned())),
            None => text.parse().map(Cause::Cluster),
        };
        // No cause at all is no number either, so that a way without any stands.
        match causes.split(' ').map(cause).collect() {
            Ok(causes) => Self { causes: Some(causes), left },
            Err(_) => Self::undecidable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_read_as_it_was_stored() {
        let reason = |text: &str| Some(Unknown::NotComparable(text.to_owned()));
        let (three, seventeen) = (Cause::Cluster(3), Cause::Cluster(17));
        for (causes, left, text) in [
            (vec![three.clone()], None, "3"),
            (vec![three.clone(), seventeen.clone()], None, "3 17"),
            (vec![three.clone(), Cause::Within(17, "9f86".to_owned())], None, "3 17=9f86"),
            (vec![Cause::Rule("9f86".to_owned())], None, "=9f86"),
            (vec![three.clone(), seventeen], Some(Unknown::Pending), "3 17 then pending"),
            (vec![three.clone()], reason("read late"), "3 then not-comparable: read late"),
            (vec![three.clone()], reason("now then pending"), "3 then not-comparable: now then pending"),
            (vec![three], reason(""), "3 then not-comparable: "),
        ] {
            let way = Way { causes: Some(causes), left };
            assert_eq!((way.text().as_str(), Way::of(text)), (text, way));
        }
    }

    #[test]
    fn what_cannot_be_understood_stands() {
        assert_eq!(Way::undecidable().text(), "?");
        for text in
            ["?", "", "3 x", " 3", "3 then", "3 then matched", " then pending", "? then pending", "x=9f86"]
        {
            assert_eq!(Way::of(text), Way::undecidable(), "{text:?}");
        }
    }
}
