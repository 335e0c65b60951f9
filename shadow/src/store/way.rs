//! In which way a sample mismatches: what has to be decided of it, and what is left of the pair once all of that is.

use crate::verdict::Unknown;

/// Stands for a way that nobody can decide: too many clusters, or too many ways.
const UNDECIDABLE: &str = "?";

/// What parts the clusters from what is left.
const LEFT: &str = " then ";

/// The clusters of a sample's standing differences, and what the pair comes to without these.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Their numbers in order; `None` when there are differences for which there is no cluster.
    pub(super) clusters: Option<Vec<i64>>,
    /// What was not compared; `None` when all of it was.
    pub(super) left: Option<Unknown>,
}

impl Way {
    /// A way that stands whatever is decided.
    pub(super) fn undecidable() -> Self {
        Self { clusters: None, left: None }
    }

    /// As it is stored: `3 17`, `3 17 then pending`, `3 17 then not-comparable: read late`.
    pub(super) fn text(&self) -> String {
        let Some(clusters) = &self.clusters else { return UNDECIDABLE.to_owned() };
        let mut text = clusters.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        match &self.left {
            None => {}
            Some(Unknown::Pending) => text.extend([LEFT, "pending"]),
            Some(Unknown::NotComparable(reason)) => text.extend([LEFT, "not-comparable: ", reason]),
        }
        text
    }

    /// The way of a stored text. What cannot be understood can't be decided either.
    pub(super) fn of(text: &str) -> Self {
        let (clusters, left) = match text.split_once(LEFT) {
            None => (text, None),
            Some((clusters, "pending")) => (clusters, Some(Unknown::Pending)),
            Some((clusters, left)) => match left.strip_prefix("not-comparable: ") {
                Some(reason) => (clusters, Some(Unknown::NotComparable(reason.to_owned()))),
                None => return Self::undecidable(),
            },
        };
        // No cluster at all is no number either, so that a way without any stands.
        match clusters.split(' ').map(str::parse).collect() {
            Ok(clusters) => Self { clusters: Some(clusters), left },
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
        for (clusters, left, text) in [
            (vec![3], None, "3"),
            (vec![3, 17], None, "3 17"),
            (vec![3, 17], Some(Unknown::Pending), "3 17 then pending"),
            (vec![3], reason("read late"), "3 then not-comparable: read late"),
            (vec![3], reason("now then pending"), "3 then not-comparable: now then pending"),
            (vec![3], reason(""), "3 then not-comparable: "),
        ] {
            let way = Way { clusters: Some(clusters), left };
            assert_eq!((way.text().as_str(), Way::of(text)), (text, way));
        }
    }

    #[test]
    fn what_cannot_be_understood_stands() {
        assert_eq!(Way::undecidable().text(), "?");
        for text in ["?", "", "3 x", " 3", "3 then", "3 then matched", " then pending", "? then pending"] {
            assert_eq!(Way::of(text), Way::undecidable(), "{text:?}");
        }
    }
}
