//! Reads what `strace` saw of a php-fpm: whom each request talked to, which files it wrote, which programs it started.
//!
//! One child serves one request after the other, so whatever its threads and their programs do between two `accept`s
//! belongs to one request. Its name is that of the file in which the prepended script told what it reached.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

/// The system calls that are looked at. Some machines lack the older ones, hence the question marks.
pub(super) const CALLS: &str = "trace=?accept,?accept4,?connect,?sendto,?sendmsg,?sendmmsg,?execve,?execveat,?open,?openat,\
     ?creat,?unlink,?unlinkat,?rename,?renameat,?renameat2,?mkdir,?mkdirat,?rmdir,?link,?linkat,?symlink,?symlinkat,\
     ?truncate,?write,?writev,?pwrite64";

/// Something that legacy does beside answering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// It talks to somebody: `tcp 127.0.0.1:3306`, `unix /run/mysqld.sock`.
    Talks(String),
    /// It writes, moves or removes a file.
    Writes(String),
    /// It starts a program.
    Starts(String),
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Talks(with) => write!(f, "talks {with}"),
            Self::Writes(file) => write!(f, "writes {file}"),
            Self::Starts(program) => write!(f, "starts {program}"),
        }
    }
}

/// What each request did, by its name; of those that told one.
pub(super) fn read(text: &str, told: &Path) -> BTreeMap<String, BTreeSet<Deed>> {
    let (mut requests, mut current) = (BTreeMap::new(), Request::default());
    let mut unfinished = HashMap::<&str, &str>::new();
    for line in text.lines() {
        let Some((thread, call)) = line.trim_start().split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, begun);
            continue;
        }
        let whole = match call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, rest)) => format!("{}{rest}", unfinished.remove(thread).unwrap_or_default()),
            None => call.to_owned(),
        };
        let Some(call) = Call::read(&whole) else { continue };
        if call.name.starts_with("accept") {
            std::mem::take(&mut current).end(&mut requests);
        } else {
            current.take(&call, told);
        }
    }
    current.end(&mut requests);
    requests
}

/// One request while it is read.
#[derive(Default)]
struct Request {
    name: Option<String>,
    deeds: BTreeSet<Deed>,
}

impl Request {
    fn take(&mut self, call: &Call<'_>, told: &Path) {
        match call.deed() {
            Some(Deed::Writes(file)) if Path::new(&file).starts_with(told) => {
                let name = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".new");
                self.name = Some(name.to_owned());
            }
            Some(Deed::Writes(file)) => _ = self.deeds.insert(Deed::Writes(folded(&file))),
            Some(deed) => _ = self.deeds.insert(deed),
            None => {}
        }
    }

    fn end(self, requests: &mut BTreeMap<String, BTreeSet<Deed>>) {
        if let Some(name) = self.name {
            requests.insert(name, self.deeds);
        }
    }
}

/// `name(arguments) = result`.
struct Call<'l> {
    name: &'l str,
    arguments: &'l str,
    result: &'l str,
}

impl<'l> Call<'l> {
    fn read(line: &'l str) -> Option<Self> {
        let (name, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(") = ").or_else(|| rest.rsplit_once(" = "))?;
        Some(Self { name, arguments, result })
    }

    /// What it does to the world; `None` where it failed (a connection that goes on in the background has not), or does
    /// nothing.
    fn deed(&self) -> Option<Deed> {
        let failed = self.result.starts_with('-');
        match self.name {
            "connect" if !failed || self.result.contains("EINPROGRESS") => {
                address(self.arguments).map(Deed::Talks)
            }
            _ if failed => None,
            "sendto" | "sendmsg" | "sendmmsg" => {
                address(self.arguments).or_else(|| peer(self.arguments)).map(Deed::Talks)
            }
            "write" | "writev" | "pwrite64" => match peer(self.arguments) {
                Some(peer) => Some(Deed::Talks(peer)),
                None => open_file(self.arguments).map(Deed::Writes),
            },
            "execve" => quoted(self.arguments).next().map(Deed::Starts),
            "execveat" => quoted(self.arguments).next().map(Deed::Starts),
            "open" | "openat" => {
                let to_write = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
                let writes = to_write.iter().any(|flag| self.arguments.contains(flag));
                written(self.opened()).filter(|_| writes)
            }
            "creat" | "unlink" | "unlinkat" | "mkdir" | "mkdirat" | "rmdir" | "truncate" => {
                written(quoted(self.arguments).next())
            }
            // What it is called from then on.
            "rename" | "renameat" | "renameat2" | "link" | "linkat" | "symlink" | "symlinkat" => {
                written(quoted(self.arguments).last())
            }
            _ => None,
        }
    }

    /// The file that was opened, by its whole path where strace says it: `= 5</srv/a>`.
    fn opened(&self) -> Option<String> {
        let whole = self.result.split_once('<').and_then(|(_, path)| path.strip_suffix('>'));
        whole.map(str::to_owned).or_else(|| quoted(self.arguments).next())
    }
}

fn written(path: Option<String>) -> Option<Deed> {
    path.filter(|path| is_file(path)).map(Deed::Writes)
}

/// Not a device, nor what the kernel shows as files, nor one that nobody can open any more.
fn is_file(path: &str) -> bool {
    let nowhere = ["/dev/", "/proc/", "/sys/", "/memfd:"];
    !nowhere.iter().any(|begin| path.starts_with(begin)) && !path.ends_with("(deleted)")
}

/// `{sa_family=AF_INET, sin_port=htons(25), sin_addr=inet_addr("127.0.0.1")}`.
fn address(arguments: &str) -> Option<String> {
    let between = |from: &str, to: &str| Some(arguments.split_once(from)?.1.split_once(to)?.0);
    let family = between("sa_family=", ",")?;
    match family {
        "AF_INET" | "AF_INET6" => {
            let host = between("inet_addr(\"", "\"").or_else(|| between("inet_pton(AF_INET6, \"", "\""))?;
            let port = between("_port=htons(", ")")?;
            let host = if family == "AF_INET6" { format!("[{host}]") } else { host.to_owned() };
            let transport = if arguments.contains("<UDP") { "udp" } else { "tcp" };
            // With port 0 only the way to somebody is asked for.
            (port != "0").then(|| format!("{transport} {host}:{port}"))
        }
        "AF_UNIX" => between("sun_path=\"", "\"")
            .or_else(|| between("sun_path=@\"", "\""))
            .map(|path| format!("unix {path}")),
        _ => None,
    }
}

/// The other end of a socket that is written to: `7<TCP:[127.0.0.1:5000->127.0.0.1:3306]>`.
fn peer(arguments: &str) -> Option<String> {
    let (_, inner) = arguments.split(',').next()?.split_once('<')?;
    let transport = if inner.starts_with("TCP") {
        "tcp"
    } else if inner.starts_with("UDP") {
        "udp"
    } else {
        return None;
    };
    let to = inner.split_once("->")?.1.split_once("]>")?.0;
    Some(format!("{transport} {to}"))
}

/// The file that is written to: `4</var/log/app.log>`.
fn open_file(arguments: &str) -> Option<String> {
    let (_, inner) = arguments.split(", ").next()?.split_once('<')?;
    let path = inner.strip_suffix('>')?;
    (path.starts_with('/') && is_file(path)).then(|| path.to_owned())
}

/// The texts in quotes.
fn quoted(arguments: &str) -> impl Iterator<Item = String> + '_ {
    arguments.split('"').skip(1).step_by(2).map(str::to_owned)
}

/// A path without what is of one request: numbers of two digits or more, and long names that have digits in them.
fn folded(path: &str) -> String {
    path.split('/').map(folded_name).collect::<Vec<_>>().join("/")
}

fn folded_name(name: &str) -> String {
    let words = name.split_inclusive(['_', '-', '.']).map(|word| {
        let text = word.trim_end_matches(['_', '-', '.']);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_of_one = digits >= 2 || (text.len() >= 16 && digits > 0);
        if is_of_one { format!("*{}", &word[text.len()..]) } else { word.to_owned() }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"
10 accept(0</srv/own.sock>, {sa_family=AF_UNIX}, [112 => 2]) = 5<UNIX-STREAM:[7->8]>
10 openat(AT_FDCWD</srv>, "/tmp/warm", O_WRONLY|O_CREAT, 0666) = 6</tmp/warm>
10 accept(0</srv/own.sock>, {sa_family=AF_UNIX}, [112 => 2]) = 5<UNIX-STREAM:[7->8]>
10 openat(AT_FDCWD</srv>, "src/a.php", O_RDONLY) = 6</srv/src/a.php>
10 openat(AT_FDCWD</srv>, "cache/2013-01-02.csv", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 6</srv/cache/2013-01-02.csv>
10 write(6</srv/cache/2013-01-02.csv>, "x", 1) = 1
10 write(5<UNIX-STREAM:[7->8]>, "\1\6", 2) = 2
10 write(2<pipe:[99]>, "PHP Notice", 10) = 10
10 connect(7<TCP:[44]>, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.0.0.9")}, 16) = -1 EINPROGRESS (Operation now in progress)
12 connect(8<TCPv6:[45]>, {sa_family=AF_INET6, sin6_port=htons(25), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28 <unfinished ...>
10 connect(9<UNIX-STREAM:[50]>, {sa_family=AF_UNIX, sun_path="/run/none.sock"}, 110) = -1 ENOENT (No such file or directory)
12 <... connect resumed>) = 0
12 sendto(9<TCP:[127.0.0.1:40000->127.0.0.1:9092]>, "\0\0", 2, MSG_NOSIGNAL, NULL, 0) = 2
13 execve("/bin/sh", ["sh", "-c", "/usr/sbin/sendmail -t"], 0x55 /* 3 vars */) = 0
13 execve("/usr/bin/sendmail", ["sendmail"], 0x55 /* 3 vars */) = -1 ENOENT (No such file or directory)
10 unlink("/tmp/sess_0a1b2c3d4e5f60718293a4b5c6") = 0
10 rename("/tmp/own/reach/1a.new", "/tmp/own/reach/1a") = 0
10 openat(AT_FDCWD, "/dev/null", O_WRONLY) = 6</dev/null>
10 accept(0</srv/own.sock>,  <unfinished ...>
"#;

    #[test]
    fn what_each_request_did_is_told_and_what_it_only_tried_or_read_is_not() {
        let requests = read(TRACE, Path::new("/tmp/own/reach"));
        assert_eq!(requests.keys().collect::<Vec<_>>(), ["1a"], "the first told no name");
        let deeds: Vec<String> = requests["1a"].iter().map(Deed::to_string).collect();
        assert_eq!(
            deeds,
            [
                "talks tcp 10.0.0.9:3306",
                "talks tcp 127.0.0.1:9092",
                "talks tcp [::1]:25",
                "writes /srv/cache/*-*-*.csv",
                "writes /tmp/sess_*",
                "starts /bin/sh",
            ]
        );
    }

    #[test]
    fn a_trace_that_is_cut_or_strange_is_read_as_far_as_it_goes() {
        for text in [
            "",
            "10",
            "10 accept(",
            "x y z",
            "10 connect(5<TCP:[1]>, {sa_family=AF_INET",
            "10 <... open resumed>) = 1",
        ] {
            assert_eq!(read(text, Path::new("/t")), BTreeMap::new(), "{text}");
        }
    }
}
