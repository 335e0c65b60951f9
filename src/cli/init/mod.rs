//! `handover init`: a first `routes.toml` from what stands in front of PHP today.
//!
//! What cannot be translated is named with its line and why. Where that says who may come in, nothing is written: a
//! proxy that let everybody in would be worse than none.

mod draft;
mod nginx;
mod pool;
mod site;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use super::{Context, count};
use crate::config::fault::shown_path;
use crate::config::load::Location;
use draft::{Draft, Legacy, Note, quoted};

/// Where to look when nobody says.
const USUAL: [&str; 3] =
    ["/etc/nginx/sites-enabled/*", "/etc/nginx/conf.d/*.conf", "/etc/php/*/fpm/pool.d/*.conf"];

/// What `init` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status: 1 where a rule says who may come in (allow, deny, auth_…, internal …): nothing is written then.

Example: handover init /etc/nginx/sites-enabled/app --place behind")]
pub(super) struct Args {
    /// An nginx site's file or a php-fpm pool's; looked for where Debian has them when not given.
    from: Option<PathBuf>,

    /// Where Handover is to stand: in front of nginx, behind it, or instead of it.
    #[arg(long, default_value = "instead")]
    place: Place,

    /// The server, by a name of it, where the file has several.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,

    /// The document root, which a php-fpm pool does not know.
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,

    /// Print the file in place of writing it.
    #[arg(long)]
    print: bool,
}

/// Where Handover stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// Clients connect to Handover, which asks nginx.
    Front,
    /// Clients connect to nginx, which asks Handover for what PHP answered.
    Behind,
    /// Clients connect to Handover, which asks php-fpm.
    Instead,
}

/// Makes the file.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let from = match &args.from {
        Some(from) => from.clone(),
        None => find()?,
    };
    let text =
        std::fs::read_to_string(&from).with_context(|| format!("{} cannot be read", from.display()))?;
    let mut draft = if pool::is_one(&text) {
        pool::draft(&from, &text, args.root.as_deref())
    } else {
        site::draft(&nginx::read(&from)?, args.server.as_deref())
            .with_context(|| format!("{} cannot be translated", from.display()))?
    };
    place(&mut draft, args.place);
    tell(&draft, context);
    let shut: Vec<&Note> = draft.notes.iter().filter(|note| note.is_access).collect();
    // Behind nginx its rules go on deciding. In front of it they would see our address in place of the client's.
    if !shut.is_empty() && args.place != Place::Behind {
        let rules = count(shut.len(), "rule");
        context.output.complain(&format!(
            "nothing is written: {rules} above would be lost, and let in who must not come in. Leave nginx in front \
             (--place behind), or take them out of the file once something else keeps them."
        ));
        return Ok(ExitCode::FAILURE);
    }
    let written = draft.text(&from.display().to_string());
    check(&written, context)?;
    if args.print {
        context.output.text(&written)?;
        return Ok(ExitCode::SUCCESS);
    }
    write(&context.location.main, &written)?;
    next(args.place, &draft, context)?;
    Ok(ExitCode::SUCCESS)
}

/// The only file that is where they usually are.
fn find() -> anyhow::Result<PathBuf> {
    let found = USUAL.iter().flat_map(|pattern| glob::glob(pattern).into_iter().flatten().flatten());
    let mut sites: Vec<PathBuf> = found.collect();
    // A site knows more than its pool.
    if sites.iter().any(|path| path.starts_with("/etc/nginx")) {
        sites.retain(|path| path.starts_with("/etc/nginx"));
    }
    match &sites[..] {
        [site] => Ok(site.clone()),
        [] => bail!("there is nothing in {}: say where the site's or the pool's file is", USUAL.join(", ")),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            bail!("say which one: handover init {}", names.join("\n               handover init "))
        }
    }
}

fn place(draft: &mut Draft, place: Place) {
    match place {
        Place::Instead => {}
        Place::Front => {
            let port =
                draft.http.first().and_then(|address| address.rsplit(':').next()).unwrap_or("80").to_owned();
            let mut nginx = Legacy { name: "nginx".to_owned(), ..Legacy::default() };
            nginx.set("http", quoted(&format!("http://127.0.0.1:{port}")));
            *draft = Draft {
                http: vec!["0.0.0.0:8080".to_owned()],
                legacies: vec![nginx],
                notes: std::mem::take(&mut draft.notes),
                ..Draft::default()
            };
        }
        Place::Behind => {
            (draft.http, draft.https, draft.tls) = (vec!["127.0.0.1:8080".to_owned()], Vec::new(), None);
            draft.trusted = vec!["127.0.0.1".to_owned()];
            // nginx serves the files, by rules that only it knows.
            for legacy in draft.legacies.iter_mut().filter(|legacy| legacy.has("fastcgi")) {
                legacy.set("static", "false".to_owned());
            }
        }
    }
}

/// Says what is not in the draft.
fn tell(draft: &Draft, context: &Context) {
    for Note { file, line, what, why, is_access } in &draft.notes {
        let kind = if *is_access { "access rule" } else { "not translated" };
        context.output.complain(&format!("{}:{line}: {kind}: {what}\n  {why}", file.display()));
    }
}

/// What is written passes `check`.
fn check(text: &str, context: &Context) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let main = folder.path().join("routes.toml");
    std::fs::write(&main, text)?;
    let location = Location { main, state: None };
    match location.check(&context.application.names()) {
        Ok(_) => Ok(()),
        Err(faults) => {
            context.output.complain(&faults.render(context.output.colours));
            bail!(
                "what came of it does not pass `handover check`: see above, and say by options what is missing"
            )
        }
    }
}

fn write(main: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let shown = shown_path(main);
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(main);
    let mut file = file.with_context(|| {
        format!("{shown} is not written: choose another by --config, or print it by --print")
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("{shown} cannot be written"))
}

fn next(place: Place, draft: &Draft, context: &Context) -> anyhow::Result<()> {
    let main = shown_path(&context.location.main);
    let address = draft.http.first().or(draft.https.first()).map_or("", String::as_str);
    let then = match place {
        Place::Instead => format!("Stop nginx, or choose another address: both would listen on {address}."),
        Place::Front => format!(
            "Send clients to {address}; nginx stays as it is, and sees them come from here:\nset_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;"
        ),
        // `$request_uri`: without it PHP would be asked for what try_files has made of the path, /index.php each time.
        Place::Behind => format!(
            "In nginx, in place of fastcgi_pass and its parameters:\n    proxy_pass http://{address}$request_uri;\n    proxy_http_version 1.1;\n    \
             proxy_set_header Connection \"\";\n    proxy_set_header Host $http_host;\n    proxy_set_header X-Forwarded-For $remote_addr;\n    \
             proxy_set_header X-Forwarded-Proto $scheme;\n    proxy_set_header X-Forwarded-Host $http_host;"
        ),
    };
    let config = if main == "routes.toml" { String::new() } else { format!(" --config {main}") };
    context.output.text(&format!(
        "{main} is written and passes `handover check`. Start:\n    handover serve{config}\n{then}"
    ))
}
