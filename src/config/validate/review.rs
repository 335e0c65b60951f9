//! `[review]`: where evidence of several processes is judged.

use handover_kafka::is_topic;

use super::Read;
use super::kafka::Clusters;
use crate::config::fault::Fault;
use crate::config::section::Section;
use crate::config::valid::Review;

/// Validates `[review]`; `None` without one, and where it is wrong.
pub(super) fn review(main: &Read<'_>, clusters: &Clusters, faults: &mut Vec<Fault>) -> Option<Review> {
    let raw = main.raw.review.as_ref()?;
    let mut section = Section::new(main.context, raw.span(), faults);
    let given = raw.get();
    let cluster = match (&given.kafka, clusters.as_slice()) {
        (Some(name), _) => section.named("Kafka cluster", name, clusters)?,
        (None, [(_, only)]) => only,
        (None, _) => {
            let hint = "kafka = \"…\", the cluster of its topic".to_owned();
            section.fault_with_hint(raw.span(), "nothing says which Kafka cluster it is on", hint);
            return None;
        }
    };
    let topic = given.topic.get().clone();
    if !is_topic(&topic) {
        let hint = "at most 249 letters, digits, `.`, `_` and `-`".to_owned();
        section.fault_with_hint(given.topic.span(), format!("`{topic}` is no name for a topic"), hint);
        return None;
    }
    let key_file = section.path(given.key_file.get());
    // A cluster that is wrong has its fault already.
    Some(Review { kafka: cluster.clone()?, topic, key_file })
}
