//! `preg_split`.

use super::{Found, Matches, error_code};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::Version;
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- preg_split(string $pattern, string $subject, ?int $limit = -1, int $flags = 0)", preg_split),
    ("-7.4 preg_split(string $pattern, string $subject, int $limit = -1, int $flags = 0): false", preg_split),
];

const NO_EMPTY: i64 = 1;
const DELIM_CAPTURE: i64 = 2;
const OFFSET_CAPTURE: i64 = 4;

/// The pieces so far, and how they are handed out.
struct Pieces<'a> {
    subject: &'a [u8],
    flags: i64,
    list: Vec<Value>,
}

impl Pieces<'_> {
    fn add(&mut self, start: usize, end: usize) {
        let text = Value::from(&self.subject[start..end]);
        self.list.push(match self.flags & OFFSET_CAPTURE != 0 {
            true => vec![text, start.into()].into(),
            false => text,
        });
    }

    fn wanted(&self, start: usize, end: usize) -> bool {
        self.flags & NO_EMPTY == 0 || end > start
    }

    fn delimiters(&mut self, found: &Found) {
        for place in found.groups.iter().skip(1) {
            let (start, end) = place.unwrap_or((0, 0));
            if self.wanted(start, end) {
                self.add(start, end);
            }
        }
    }
}

fn preg_split(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let Some(regex) = ctx.regex("preg_split", args.bytes(0)) else { return ok(false) };
    let subject = args.bytes(1).to_vec();
    let mut left = match args.opt_int(2) {
        None | Some(-1 | 0) => i64::MAX,
        Some(limit) => limit,
    };
    let mut pieces = Pieces { subject: &subject, flags: args.int(3), list: Vec::new() };
    let mut last = 0;
    let mut matches = Matches::new(ctx.php, &regex, &subject, 0);
    while left > 1 {
        let found = match matches.next() {
            None => break,
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                ctx.preg_error = error_code(error);
                // Up to 7.3 what was split so far is the answer.
                if ctx.php.since(Version::V7_4) {
                    return ok(false);
                }
                break;
            }
        };
        let (start, end) = found.whole();
        if pieces.wanted(last, start.max(last)) {
            pieces.add(last, start.max(last));
            left -= 1;
        }
        if pieces.flags & DELIM_CAPTURE != 0 {
            pieces.delimiters(&found);
        }
        last = end.max(last);
    }
    if pieces.wanted(last, subject.len()) {
        pieces.add(last, subject.len());
    }
    ok(pieces.list)
}
