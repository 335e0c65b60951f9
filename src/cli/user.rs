//! `handover user`: a line for the file of the admin's users.

use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::Context;
use crate::admin::{Role, secret, users};

/// What `user` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The line goes to standard output: handover user ann --role reviewer >> admin-users
A password is asked for, or read from standard input where that is no terminal.")]
pub(super) struct Args {
    /// The name, which decisions and the ledger keep.
    name: String,

    /// What they may do.
    #[arg(long, default_value = "viewer")]
    role: Role,

    /// For a program: make a token, shown once on standard error, in place of a password.
    #[arg(long)]
    token: bool,
}

/// Prints the line.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    if !users::is_name(&args.name) {
        bail!("`{}` is no name: at most 64 letters, digits and `.`, `_`, `-`, `@`", args.name);
    }
    let line = if args.token {
        let token = secret();
        context.output.complain(&format!("the token of {}, not to be seen again: {token}", args.name));
        users::with_token(&args.name, args.role, &token)
    } else {
        users::with_password(&args.name, args.role, &password()?).context("the password cannot be hashed")?
    };
    context.output.text(&line)?;
    Ok(ExitCode::SUCCESS)
}

fn password() -> anyhow::Result<String> {
    let password = if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Once more: ")? != password {
            bail!("the two are not the same");
        }
        password
    } else {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        text.trim_end_matches(['\r', '\n']).to_owned()
    };
    let length = password.chars().count();
    if length < users::PASSWORD_MIN {
        bail!("{length} characters are too few for a password: take {} or more", users::PASSWORD_MIN);
    }
    Ok(password)
}
