//! Asks running pools which PHP they are: a script of ours, through the same pool that answers clients, and within its permits.
//!
//! One thread asks each pool at once when its configuration is new, and again and again, so that a pool that was started anew
//! with another PHP is noticed.

mod facts;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use handover_http1::{Leniency, Limits, RequestHead};
use tokio::sync::{oneshot, watch};
use tokio::task::LocalSet;
use tokio::time::timeout;

pub(crate) use self::facts::Facts;
use super::spec::{FastCgi, Kind, ProbeAt, Spec};
use super::{CoreLegacies, Legacies, Outbound};
use crate::exchange::nobody::{Nothing, Nowhere};
use crate::mirror::capture::CapturedSink;
use crate::observe::chain;

/// The script.
pub(crate) const SCRIPT: &str = include_str!("probe.php");

/// Its name in a folder of ours.
const NAME: &str = "handover-probe.php";

/// How often a pool is asked that has answered.
const AGAIN: Duration = Duration::from_secs(15);

/// How soon one is asked again that has not.
const SOON: Duration = Duration::from_secs(1);

/// How long one question may take.
const WITHIN: Duration = Duration::from_secs(10);

/// The longest answer.
const ROOM: usize = 256 << 10;

/// A pool did not say which PHP it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    /// The script could not be put where the pool may read it.
    #[error("the probe's script cannot be put into {}", .0.display())]
    Script(PathBuf, #[source] io::Error),
    /// It did not answer, or not in time.
    #[error("legacy `{legacy}` did not run the probe {}: can it read that file?", script.display())]
    Unanswered {
        /// `[legacy.NAME]`.
        legacy: String,
        /// The script, as the pool was given it.
        script: PathBuf,
        /// Why.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// Asks pools.
pub(crate) struct Prober {
    legacies: CoreLegacies,
    /// The script, in a folder that any user of this machine may read.
    folder: tempfile::TempDir,
}

impl Prober {
    /// To be used on one runtime.
    pub(crate) fn new(legacies: &Legacies) -> Result<Self, ProbeError> {
        let fault = |source| ProbeError::Script(std::env::temp_dir(), source);
        let folder = readable_folder().map_err(fault)?;
        std::fs::write(folder.path().join(NAME), SCRIPT).map_err(fault)?;
        Ok(Self { legacies: legacies.on_core(), folder })
    }

    /// Asks that legacy; `None` where it is none that is asked.
    pub(crate) async fn ask(&self, spec: &Spec) -> Option<Result<Facts, ProbeError>> {
        let at = spec.probe.as_ref()?;
        let Kind::FastCgi(fastcgi) = &spec.kind else { return None };
        let script = match at {
            ProbeAt::Ours => self.folder.path().join(NAME),
            ProbeAt::Theirs(path) => path.clone(),
        };
        Some(self.run(spec, fastcgi, &script).await)
    }

    async fn run(&self, spec: &Spec, fastcgi: &FastCgi, script: &Path) -> Result<Facts, ProbeError> {
        let unanswered =
            |source| ProbeError::Unanswered { legacy: spec.name.clone(), script: script.to_owned(), source };
        // The same pool, but for the script.
        let asked = FastCgi {
            root: script.parent().unwrap_or(Path::new("/")).to_owned(),
            script: script.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            scripts: Vec::new(),
            path_info: false,
            static_files: false,
            ..fastcgi.clone()
        };
        let asked = Arc::new(Spec { kind: Kind::FastCgi(asked), ..spec.clone() });
        let head = b"GET /handover-probe HTTP/1.1\r\nHost: handover.invalid\r\n\r\n";
        let head = RequestHead::parse(head, &Limits::default(), &Leniency::default())
            .map_err(|error| unanswered(Some(error.into())))?;
        let outbound = outbound(&head);
        let (sender, answer) = oneshot::channel();
        let (mut nothing, mut nowhere) = (Nothing, Nowhere);
        let mut sink = CapturedSink::new(&mut nowhere, ROOM, sender);
        let exchanged = timeout(WITHIN, self.legacies.exchange(&asked, &outbound, &mut nothing, &mut sink));
        exchanged
            .await
            .map_err(|late| unanswered(Some(late.into())))?
            .map_err(|error| unanswered(Some(error.into())))?;
        let answer = answer.await.ok().and_then(Result::ok);
        let body = answer.and_then(|answer| answer.body.ok()).ok_or_else(|| unanswered(None))?;
        Facts::read(&body).map_err(|error| unanswered(Some(error.into())))
    }
}

fn outbound(head: &RequestHead) -> Outbound<'_> {
    // In line with clients: once in a while, and all experiments wait for what it finds out, at a busy pool, too.
    Outbound { repeatable: true, ..Outbound::of_ours(head) }
}

/// A new folder that only we write and all may read.
fn readable_folder() -> io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let readable = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix("handover-probe-").permissions(readable).tempdir()
}

/// Starts the thread that asks, and tells what it was told. It ends when nobody can name legacies any more.
pub(crate) fn start(
    legacies: Legacies,
    specs: watch::Receiver<Vec<Arc<Spec>>>,
    tell: impl Fn(&Spec, Option<Facts>) + Send + 'static,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("probe".to_owned()).spawn(move || {
        LocalSet::new().block_on(&runtime, run(legacies, specs, tell));
    })?;
    Ok(())
}

async fn run(
    legacies: Legacies,
    mut specs: watch::Receiver<Vec<Arc<Spec>>>,
    tell: impl Fn(&Spec, Option<Facts>),
) {
    // No folder and no connection where there is no pool to be asked.
    if specs.wait_for(|specs| !specs.is_empty()).await.is_err() {
        return;
    }
    let prober = match Prober::new(&legacies) {
        Ok(prober) => prober,
        Err(error) => return tracing::error!(error = chain(&error), "no legacy is asked which PHP it runs"),
    };
    let mut failing = 0;
    loop {
        let asked = specs.borrow_and_update().clone();
        let before = failing;
        failing = 0;
        for spec in asked {
            match prober.ask(&spec).await {
                Some(Ok(facts)) => tell(&spec, Some(facts)),
                Some(Err(error)) => {
                    failing += 1;
                    if before == 0 {
                        tracing::warn!(error = chain(&error), "a legacy does not say which PHP it runs");
                    }
                    tell(&spec, None);
                }
                None => {}
            }
        }
        let pause = if failing > 0 { SOON } else { AGAIN };
        tokio::select! {
            changed = specs.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}
