//! `handover effects`: what legacy does beside answering, so that none of it is forgotten: a mail, a row, a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use handover_shadow::{Other, RecordedRequest};
use tokio::sync::oneshot;

use super::progress::Progress;
use super::{Context, output, rehearsal, unusable};
use crate::rehearse::kept::{self, Deeds, Done};
use crate::rehearse::legacy::OwnLegacy;
use crate::rehearse::pool::Wanted;
use crate::rehearse::trace::Deed;

/// What `effects` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It starts a php-fpm of its own over the application, with a Kafka of its own, under strace, and puts recorded requests \
                  to it. Databases and services of the application are whatever its environment says: point it elsewhere by \
                  --env. Without a recording it shows what was found last.\n\nRecords that the route's `effects` name are \
                  compared. Anything else keeps the route's gate shut until it says why it need not be: `gate = { waive = { \
                  \"starts /usr/sbin/sendmail\" = \"…\" } }`; a `*` stands for anything.\n\nExit status: 0 all of it is \
                  compared or waived; 3 some is not."
)]
pub(super) struct Args {
    /// The route's name.
    route: String,

    /// A recording whose requests are put to legacy, again for each.
    #[arg(long = "with", value_name = "FILE")]
    recordings: Vec<PathBuf>,

    /// The most requests that are put to it; they are taken from all over the recordings.
    #[arg(long, value_name = "N", default_value_t = 500)]
    max: usize,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    legacy: Wanted,
}

/// Watches, and shows.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let route = context.route(&generation, &args.route)?;
    let state = &generation.config.state;
    if !args.recordings.is_empty() {
        let requests = rehearsal::requests(&args.route, &args.recordings)?;
        let each = requests.len().div_ceil(args.max.max(1));
        let requests: Vec<_> = requests.into_iter().step_by(each).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let done = runtime.block_on(async {
            let wanted = Wanted { watched: true, ..args.legacy.clone() };
            let own = OwnLegacy::start(route, &generation.config.forwarding, &wanted).await?;
            let done = watch(&own, &requests).await;
            own.stop().await;
            done
        })?;
        kept::keep(state, &args.route, &done)?;
    }
    let Some(done) = kept::load::<Done>(state, &args.route)? else {
        bail!("nothing is known of {0} yet: `handover effects {0} --with RECORDING`", args.route)
    };
    let gate = route.spec.gate.clone().unwrap_or_else(|| handover_shadow::Gate::of(Default::default()));
    let others: Vec<_> = done.others().into_iter().map(|other| (gate.waives(&other), other)).collect();
    if args.json {
        context.output.json(&done)?;
    } else {
        context.output.text(&shown(&done, &others))?;
    }
    let all_waived = others.iter().all(|(why, other)| other.compared || why.is_some());
    Ok(if all_waived { ExitCode::SUCCESS } else { ExitCode::from(super::gate::SHUT) })
}

/// One request after the other: whatever happens meanwhile is its doing.
async fn watch(own: &OwnLegacy, requests: &[RecordedRequest]) -> anyhow::Result<Done> {
    let mut progress = Progress::of(requests.len() as u64, "requests put to legacy");
    let (mut legacy, mut asked) = (None, 0);
    for request in requests {
        let (sender, answer) = oneshot::channel();
        let Some(_) = own.ask(request, sender).await else { continue };
        if let Ok(Ok(answer)) = answer.await {
            legacy = own.route.spec.legacy.version.of(&answer.fields).or(legacy);
            asked += 1;
        }
        progress.advance(asked);
    }
    progress.end();
    let by_request = own.deeds().await?;
    if by_request.is_empty() {
        bail!(
            "legacy answered {asked} of {} requests, and none of them was seen: does the application end by itself?",
            requests.len()
        );
    }
    let kafka = own.kafka.as_ref().map(|kafka| Deed::Talks(format!("tcp {}", kafka.bootstrap())));
    let mut deeds = BTreeMap::<String, Deeds>::new();
    for deed in by_request.values().flatten() {
        let compared = kafka.as_ref() == Some(deed);
        let name = if compared { "talks kafka".to_owned() } else { deed.to_string() };
        deeds.entry(name).or_insert(Deeds { requests: 0, compared }).requests += 1;
    }
    Ok(Done { legacy, requests: by_request.len() as u64, deeds })
}

fn shown(done: &Done, others: &[(Option<&str>, Other)]) -> String {
    let mut table = output::table(["WHAT LEGACY DOES", "REQUESTS", "AND SO"]);
    for (why, Other { what, compared }) in others {
        let requests = done.deeds.get(what).map_or(0, |deeds| deeds.requests).to_string();
        let state = match why {
            _ if *compared => "compared".to_owned(),
            Some(why) => format!("waived: {why}"),
            None => "NOT COMPARED".to_owned(),
        };
        table.add_row([what.clone(), requests, state]);
    }
    let version = done.legacy.as_deref().unwrap_or("unknown");
    format!("{}in {} requests, of legacy {version}", output::lines(&table), done.requests)
}
