//! Everything back to legacy, whatever the file says: at once, or a share after the other, since a PHP that was scaled
//! down can't take all of it at once.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::canary::Share;
use super::overrides::Note;

/// In how many steps a ramp gives everything back; the first is taken at once.
const STEPS: u8 = 20;

/// What somebody asked for, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WayBack {
    /// Who, why, when.
    #[serde(flatten)]
    pub note: Note,
    /// Within how many seconds legacy is to have everything; at once where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp_seconds: Option<u32>,
}

/// What is in effect of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LegacyOnly {
    /// Legacy has everything, since somebody asked for it.
    Asked(Note),
    /// It is on its way there.
    Ramping(Note, Ramp),
    /// The overrides cannot be read, so nobody knows which routes had been taken back.
    Unreadable(String),
}

/// How far a ramp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    /// Of [`STEPS`].
    taken: u8,
    seconds: u32,
}

impl From<Note> for WayBack {
    fn from(note: Note) -> Self {
        Self { note, ramp_seconds: None }
    }
}

impl WayBack {
    /// What is in effect of it at that time. A clock that was set back makes a ramp longer, never shorter than asked for.
    pub(crate) fn at(&self, now: Timestamp) -> LegacyOnly {
        let whole = || LegacyOnly::Asked(self.note.clone());
        let Some(seconds) = self.ramp_seconds.filter(|seconds| *seconds > 0) else { return whole() };
        let elapsed = now.duration_since(self.note.when).max(SignedDuration::ZERO).as_millis();
        let taken = 1 + elapsed * i128::from(STEPS) / (i128::from(seconds) * 1000);
        match u8::try_from(taken) {
            Ok(taken) if taken < STEPS => LegacyOnly::Ramping(self.note.clone(), Ramp { taken, seconds }),
            _ => whole(),
        }
    }
}

impl LegacyOnly {
    /// The share of native's requests that legacy answers.
    pub(crate) fn share(&self) -> Share {
        match self {
            Self::Ramping(_, ramp) => ramp.share(),
            Self::Asked(_) | Self::Unreadable(_) => Share::ALL,
        }
    }
}

impl Ramp {
    fn share(self) -> Share {
        Share::new(f64::from(self.taken) / f64::from(STEPS)).unwrap_or(Share::ALL)
    }
}

impl fmt::Display for LegacyOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(note) => write!(f, "legacy-only, set by {note}"),
            Self::Ramping(note, ramp) => {
                let within = SignedDuration::try_from(Duration::from_secs(ramp.seconds.into()));
                let percent = 100 * u32::from(ramp.taken) / u32::from(STEPS);
                write!(f, "legacy-only within {:#}, ", within.unwrap_or_default())?;
                write!(f, "{percent} % of what was native by now, set by {note}")
            }
            Self::Unreadable(why) => {
                write!(f, "the overrides cannot be read ({why}), so legacy answers everything")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(ramp_seconds: Option<u32>) -> WayBack {
        let when = "2026-01-02T03:04:05Z".parse().unwrap();
        WayBack { note: Note { who: "ann".into(), why: "outage".into(), when }, ramp_seconds }
    }

    fn share(way_back: &WayBack, seconds: i64) -> f64 {
        way_back.at(way_back.note.when + SignedDuration::from_secs(seconds)).share().get()
    }

    #[test]
    fn a_ramp_takes_its_first_step_at_once_and_has_everything_in_time() {
        let ramp = asked(Some(600));
        for (seconds, expected) in [(0, 0.05), (29, 0.05), (30, 0.1), (300, 0.55), (569, 0.95)] {
            assert_eq!(share(&ramp, seconds), expected, "{seconds} s");
        }
        for seconds in [570, 600, 1_000_000_000] {
            let whole = ramp.at(ramp.note.when + SignedDuration::from_secs(seconds));
            assert_eq!(whole, LegacyOnly::Asked(ramp.note.clone()), "{seconds} s");
        }
        assert_eq!(share(&ramp, -3600), 0.05, "a clock that was set back");
        assert_eq!((share(&asked(None), 0), share(&asked(Some(0)), 0)), (1.0, 1.0));
    }

    #[test]
    fn a_ramp_says_how_far_it_is() {
        let ramp = asked(Some(600));
        let text = ramp.at(ramp.note.when + SignedDuration::from_secs(300)).to_string();
        assert_eq!(
            text,
            "legacy-only within 10m, 55 % of what was native by now, set by ann at 2026-01-02 03:04:05 UTC: outage"
        );
    }

    #[test]
    fn what_was_kept_before_there_were_ramps_is_read() {
        let kept = r#"{"who": "ann", "why": "outage", "when": "2026-01-02T03:04:05Z"}"#;
        assert_eq!(serde_json::from_str::<WayBack>(kept).unwrap(), asked(None));
        let ramp = asked(Some(60));
        assert_eq!(serde_json::from_slice::<WayBack>(&serde_json::to_vec(&ramp).unwrap()).unwrap(), ramp);
    }
}
