//! Looks for requests on which both sides differ: begins with recorded ones, changes them in order and by chance, keeps what
//! reaches new lines of legacy, aims at lines that were just missed, and shrinks each difference to the smallest request that
//! shows it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Instant;

use fastrand::Rng;
use handover_fuzzer::{Corpus, Draft, Literal, Plan, Planned, Sources, Ticket, mutate, shrink};
use handover_shadow::{ClusterKey, Difference, Experiment, RecordedRequest, Verdict, Who};

use super::both::{Both, Tried};
use super::reach;
use crate::mirror::asker::ROOM_FOR_ONE;

/// Requests that are put to both sides together.
const BATCH: usize = 48;

const _: () = assert!(BATCH <= ROOM_FOR_ONE, "legacy is asked all of a batch");

/// Requests that are kept to be changed.
const CORPUS_MAX: usize = 20_000;

/// Requests that are remembered so as not to be sent twice.
const SENT_MAX: usize = 2_000_000;

/// Of these, how many are asked in order, while there is something to ask so: the rest is left to chance.
const PLANNED: usize = 32;

/// How often what is left to chance aims at a line that was just missed, of 10.
const AIMED: u8 = 5;

/// How often at a bound that was reached, of 10.
const AT_BOUNDS: u8 = 2;

/// How often at either.
const WITH_AN_AIM: u8 = AIMED + AT_BOUNDS;

/// How often both sides have to agree on a request on which they differed, to show that it was no difference.
const AGAIN: usize = 2;

/// The most that one difference may cost to be shrunk.
const SHRINK_TRIES: usize = 600;

/// A difference, and the smallest request that shows it.
pub(crate) struct Finding {
    /// Both sides on that request.
    pub experiment: Experiment,
    /// In what they differ.
    pub differences: Vec<Difference>,
    /// The ways in which they differ, as clusters.
    pub keys: BTreeSet<ClusterKey>,
    /// How many requests showed it.
    pub count: u64,
}

/// How a search stands.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Standing {
    /// Requests that were put to both sides.
    pub tried: u64,
    /// Of these, how many were made here.
    pub made: u64,
    /// Of these, how many could be compared.
    pub compared: u64,
    /// Differences of which nothing showed again on the same request.
    pub unsteady: u64,
    /// Lines of legacy that were reached, by the recorded requests alone.
    pub reached_before: usize,
    /// And by all.
    pub reached: usize,
    /// Lines that can run.
    pub lines: usize,
}

/// Is told of each request that both sides answered and that could be compared.
pub(crate) type OnTried = Box<dyn FnMut(&Experiment) -> anyhow::Result<()>>;

/// A search.
pub(crate) struct Fuzz {
    /// Both sides.
    pub both: Both,
    /// What reached what.
    pub corpus: Corpus,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Who keeps what was tried.
    pub on_tried: Option<OnTried>,
    /// The version that legacy says it has.
    pub legacy: Option<String>,
    sources: Sources,
    literals: Vec<Literal>,
    bounds: Vec<(String, u32)>,
    plan: Plan,
    rng: Rng,
    sent: HashSet<u64>,
    /// The names of rules that no recorded request made come out both ways; `None` where nobody asked for them.
    rules: Option<BTreeMap<String, (bool, bool)>>,
}

impl Fuzz {
    /// A search among what stands in the sources of the legacy. `rules`: whether to aim at rules of native's that no
    /// recorded request has made come out both ways.
    pub(crate) fn new(both: Both, seed: u64, rules: bool) -> anyhow::Result<Self> {
        let mut sources = Sources::default();
        for (path, text) in reach::sources(&both.own().sources)? {
            sources.add(&path, &text);
        }
        Ok(Self {
            both,
            corpus: Corpus::new(CORPUS_MAX),
            standing: Standing::default(),
            findings: Vec::new(),
            on_tried: None,
            legacy: None,
            literals: sources.all().into_iter().cloned().collect(),
            bounds: sources.bounds(),
            sources,
            plan: Plan::default(),
            rng: Rng::with_seed(seed),
            sent: HashSet::new(),
            rules: rules.then(BTreeMap::new),
        })
    }

    /// Puts recorded requests to both sides.
    pub(crate) async fn replay(&mut self, recorded: &[RecordedRequest]) -> anyhow::Result<()> {
        for requests in recorded.chunks(BATCH) {
            let drafts: Vec<Draft> =
                requests.iter().map(taken_apart).filter(|draft| self.is_news(draft)).collect();
            let tried = self.both.try_all(&drafts).await?;
            self.take(&drafts, tried, true).await?;
        }
        (self.standing.reached_before, _) = self.corpus.covered();
        self.note();
        Ok(())
    }

    /// Puts changed requests to both sides, once.
    pub(crate) async fn step(&mut self) -> anyhow::Result<()> {
        let (mut drafts, mut tickets) = (Vec::with_capacity(BATCH), Vec::<(usize, Ticket)>::new());
        while drafts.len() < PLANNED
            && let Some(Planned { draft, ticket }) = self.plan.next(&self.corpus, &self.sources)
        {
            let is_news = self.is_news(&draft);
            tickets.extend(ticket.map(|ticket| (drafts.len(), ticket)));
            if is_news || ticket.is_some() {
                drafts.push(draft);
            }
        }
        // What was sent before is made again now and then; a search that finds nothing new to send must still end.
        for _ in 0..BATCH * 4 {
            if drafts.len() == BATCH {
                break;
            }
            let Some(draft) = self.made() else { break };
            if self.is_news(&draft) {
                drafts.push(draft);
            }
        }
        let tried = self.both.try_all(&drafts).await?;
        for (index, ticket) in tickets {
            let reach = tried.iter().find(|tried| tried.index == index).map(|tried| &tried.reach);
            self.plan.told(ticket, reach);
        }
        self.standing.made += tried.len() as u64;
        self.take(&drafts, tried, false).await?;
        self.note();
        Ok(())
    }

    fn note(&mut self) {
        (self.standing.reached, self.standing.lines) = self.corpus.covered();
    }

    /// The lines that the names of rules stand on which did not come out both ways.
    fn one_sided(&self) -> Vec<String> {
        let rules = self.rules.iter().flatten();
        rules.filter(|(_, (held, broken))| !(*held && *broken)).map(|(name, _)| name.clone()).collect()
    }

    fn made(&mut self) -> Option<Draft> {
        let one_sided = self.one_sided();
        if !one_sided.is_empty()
            && self.rng.bool()
            && let Some(name) = self.rng.choice(&one_sided).cloned()
            && let Some(aim) = self.corpus.aim_at(&name, &self.sources, &mut self.rng)
        {
            return Some(mutate::aimed(&aim, &mut self.rng));
        }
        let (corpus, sources) = (&mut self.corpus, &self.sources);
        let aim = match self.rng.u8(0..10) {
            0..AIMED => corpus.aim(sources, &mut self.rng),
            AIMED..WITH_AN_AIM => corpus.aim_at_bound(&self.bounds, sources, &mut self.rng),
            _ => None,
        };
        if let Some(aim) = aim {
            return Some(mutate::aimed(&aim, &mut self.rng));
        }
        let sample: Vec<&Literal> = (0..16).filter_map(|_| self.rng.choice(&self.literals)).collect();
        let (draft, other) =
            (self.corpus.pick(&mut self.rng)?.clone(), self.corpus.pick(&mut self.rng)?.clone());
        Some(mutate::any(&draft, &other, &sample, &mut self.rng))
    }

    fn is_news(&mut self, draft: &Draft) -> bool {
        if self.sent.len() >= SENT_MAX {
            self.sent.clear();
        }
        self.sent.insert(draft.digest())
    }

    async fn take(&mut self, drafts: &[Draft], tried: Vec<Tried>, is_recorded: bool) -> anyhow::Result<()> {
        let mut new = Vec::new();
        for Tried { index, judgement, reach, experiment } in tried {
            let draft = &drafts[index];
            self.standing.tried += 1;
            if let Who::Legacy { version } = &experiment.reference().who {
                self.legacy.clone_from(version);
            }
            // A line counts as compared only where both answers were.
            let reach = if is_compared(&judgement.verdict) { reach } else { reach.all_missed() };
            if !self.corpus.add(draft, &reach) && is_recorded && self.standing.tried < 500 {
                self.corpus.seed(draft);
            }
            self.count_rules(&experiment);
            if is_compared(&judgement.verdict) {
                self.standing.compared += 1;
                self.on_tried.as_mut().map_or(Ok(()), |keep| keep(&experiment))?;
            }
            if let Verdict::Mismatched(differences) = judgement.verdict
                && self.new_way(&experiment, &differences).is_some()
            {
                new.push((draft.clone(), experiment, differences));
            }
        }
        for (draft, experiment, differences) in new {
            // One that was shrunk before may have shown the same.
            if let Some(way) = self.new_way(&experiment, &differences)
                && self.differs_again(&draft).await?
            {
                let finding = self.shrunk(draft, &way, experiment, differences).await?;
                self.findings.push(finding);
            }
        }
        Ok(())
    }

    /// Whether both sides differ on that request once more, in whatever way: legacy may remember it. They do not where it was
    /// the clock, of which one saw another second than the other.
    async fn differs_again(&mut self, draft: &Draft) -> anyhow::Result<bool> {
        for _ in 0..AGAIN {
            let tried = self.both.try_all(std::slice::from_ref(draft)).await?;
            let agree =
                |tried: &Tried| matches!(tried.judgement.verdict, Verdict::Matched | Verdict::Ignored(_));
            // Who has no answer does not agree.
            if tried.is_empty() || !tried.iter().all(agree) {
                return Ok(true);
            }
        }
        self.standing.unsteady += 1;
        Ok(false)
    }

    fn count_rules(&mut self, experiment: &Experiment) {
        let (Some(rules), Some(run)) = (&mut self.rules, &experiment.tried().rules) else { return };
        for (name, outcome) in run.names.iter().zip(&run.outcomes) {
            let (held, broken) = rules.entry(name.to_string()).or_default();
            *held |= outcome.held;
            *broken |= outcome.broken;
        }
    }

    /// A way in which the sides differ here and in no finding yet; without one it counts with a finding.
    fn new_way(&mut self, experiment: &Experiment, differences: &[Difference]) -> Option<ClusterKey> {
        let keys = keys(experiment, differences);
        let is_known = |key: &ClusterKey| self.findings.iter().any(|finding| finding.keys.contains(key));
        let new = keys.iter().find(|key| !is_known(key)).cloned();
        if new.is_none()
            && let Some(known) = self.findings.iter_mut().find(|finding| !finding.keys.is_disjoint(&keys))
        {
            known.count += 1;
        }
        new
    }

    /// The smallest request that was found to differ in the same way, and both sides on it.
    async fn shrunk(
        &mut self,
        mut draft: Draft,
        way: &ClusterKey,
        experiment: Experiment,
        differences: Vec<Difference>,
    ) -> anyhow::Result<Finding> {
        let keys = keys(&experiment, &differences);
        let mut best = Finding { experiment, differences, keys, count: 1 };
        let mut left = SHRINK_TRIES;
        'smaller: while left > 0 {
            for drafts in shrink::smaller(&draft).chunks(BATCH) {
                left = left.saturating_sub(drafts.len());
                for tried in self.both.try_all(drafts).await? {
                    let Verdict::Mismatched(differences) = tried.judgement.verdict else { continue };
                    let keys = self::keys(&tried.experiment, &differences);
                    if keys.contains(way) {
                        draft = drafts[tried.index].clone();
                        best = Finding { experiment: tried.experiment, differences, keys, count: 1 };
                        continue 'smaller;
                    }
                }
                if left == 0 {
                    break;
                }
            }
            break;
        }
        Ok(best)
    }

    /// Until that time, until there are so many findings, or until `show` has seen enough.
    pub(crate) async fn until(
        &mut self,
        end: Instant,
        findings_max: usize,
        mut show: impl FnMut(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        while show(self)? && Instant::now() < end && self.findings.len() < findings_max {
            self.step().await?;
        }
        Ok(())
    }
}

fn is_compared(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Matched | Verdict::Ignored(_) | Verdict::Mismatched(_))
}

fn keys(experiment: &Experiment, differences: &[Difference]) -> BTreeSet<ClusterKey> {
    differences.iter().map(|difference| ClusterKey::of(&experiment.route, difference)).collect()
}

fn taken_apart(request: &RecordedRequest) -> Draft {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = request.fields.iter().map(|field| (text(field.name()), field.value().to_vec())).collect();
    Draft::of(&request.method, &request.target, fields, request.body.bytes())
}
