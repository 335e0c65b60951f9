//! Reads nginx's configuration: directives with their lines, blocks within blocks, included files.

use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How deep blocks and includes may go.
const DEPTH_MAX: usize = 16;

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// The file that it stands in.
    pub file: Rc<Path>,
    /// Its line there, from 1.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// What follows, without quotes.
    pub arguments: Vec<String>,
    /// What stands in its braces; empty where it has none.
    pub block: Vec<Directive>,
}

impl Directive {
    /// The first argument.
    pub(super) fn first(&self) -> &str {
        self.arguments.first().map_or("", String::as_str)
    }

    /// As it was written, but for its block.
    pub(super) fn text(&self) -> String {
        let words = std::iter::once(&self.name).chain(&self.arguments);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// The file cannot be read as nginx's.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// Its text is none.
    #[error("{}:{line}: {what}", file.display())]
    Broken {
        /// The file.
        file: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The system did not give it.
    #[error("{} cannot be read", .0.display())]
    File(PathBuf, #[source] std::io::Error),
}

/// Reads a file and what it includes.
pub(super) fn read(path: &Path) -> Result<Vec<Directive>, Unread> {
    file(path, 0)
}

fn file(path: &Path, depth: usize) -> Result<Vec<Directive>, Unread> {
    let text = std::fs::read_to_string(path).map_err(|why| Unread::File(path.to_owned(), why))?;
    let mut reader = Reader { file: path.into(), rest: &text, line: 1 };
    let directives = reader.block(depth, false)?;
    include(directives, path, depth)
}

/// Puts what is included in the place of `include`. A file that is not there stays a directive, to be named.
fn include(directives: Vec<Directive>, main: &Path, depth: usize) -> Result<Vec<Directive>, Unread> {
    let mut all = Vec::new();
    for mut directive in directives {
        directive.block = include(directive.block, main, depth)?;
        let found = if directive.name == "include" && depth < DEPTH_MAX {
            included(directive.first(), main)
        } else {
            Vec::new()
        };
        if found.is_empty() {
            all.push(directive);
        }
        for path in found {
            all.extend(file(&path, depth + 1)?);
        }
    }
    Ok(all)
}

/// The files of a pattern, which begins where nginx's own configuration is: a folder above the site's.
fn included(pattern: &str, main: &Path) -> Vec<PathBuf> {
    let above = main.ancestors().skip(1).map(|folder| folder.join(pattern));
    let found = above.map(|pattern| {
        glob::glob(&pattern.to_string_lossy())
            .map_or_else(|_| Vec::new(), |paths| paths.flatten().collect::<Vec<_>>())
    });
    found.into_iter().find(|paths| !paths.is_empty()).unwrap_or_default()
}

struct Reader<'t> {
    file: Rc<Path>,
    rest: &'t str,
    line: usize,
}

/// A piece of the text.
enum Token {
    Word(String),
    End,
    Open,
    Close,
}

impl Reader<'_> {
    fn block(&mut self, depth: usize, within: bool) -> Result<Vec<Directive>, Unread> {
        let mut directives = Vec::new();
        let mut words = Vec::new();
        let mut line = self.line;
        loop {
            let token = self.token()?;
            if words.is_empty() {
                line = self.line;
            }
            match token {
                None if within || !words.is_empty() => {
                    return Err(self.broken("the file ends within a directive"));
                }
                None => return Ok(directives),
                Some(Token::Word(word)) => words.push(word),
                Some(Token::Close) if within && words.is_empty() => return Ok(directives),
                Some(Token::Close) => {
                    return Err(self.broken("a `}` too much, or a `;` is missing before it"));
                }
                Some(end @ (Token::End | Token::Open)) => {
                    if words.is_empty() {
                        return Err(self.broken("a directive without a name"));
                    }
                    if depth >= DEPTH_MAX {
                        return Err(self.broken("blocks within blocks, too deep"));
                    }
                    let block =
                        if matches!(end, Token::Open) { self.block(depth + 1, true)? } else { Vec::new() };
                    let name = words.remove(0);
                    let arguments = std::mem::take(&mut words);
                    directives.push(Directive { file: Rc::clone(&self.file), line, name, arguments, block });
                }
            }
        }
    }

    fn token(&mut self) -> Result<Option<Token>, Unread> {
        self.skip();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let sign = match first {
            ';' => Some(Token::End),
            '{' => Some(Token::Open),
            '}' => Some(Token::Close),
            _ => None,
        };
        if let Some(sign) = sign {
            self.take(1);
            return Ok(Some(sign));
        }
        let quote = matches!(first, '"' | '\'').then_some(first);
        if quote.is_some() {
            self.take(1);
        }
        self.word(quote).map(|word| Some(Token::Word(word)))
    }

    /// White space and comments.
    fn skip(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if !self.rest.starts_with('#') {
                return;
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn word(&mut self, quote: Option<char>) -> Result<String, Unread> {
        let mut word = String::new();
        loop {
            let mut signs = self.rest.chars();
            let Some(sign) = signs.next() else {
                return Err(self.broken("the file ends within a word or quotes"));
            };
            let next = signs.next();
            match (quote, sign) {
                (Some(quote), _) if sign == quote => {
                    self.take(1);
                    return Ok(word);
                }
                (None, ';' | '{' | '}') => return Ok(word),
                (None, _) if sign.is_whitespace() => return Ok(word),
                // `${name}` is a variable, no block.
                (_, '$') if next == Some('{') => {
                    let end = self.rest.find('}').map_or(self.rest.len(), |end| end + 1);
                    word.push_str(&self.rest[..end]);
                    self.take(end);
                }
                (_, '\\')
                    if next.is_some_and(|next| {
                        quote == Some(next) || (quote.is_none() && " ;{}\"'".contains(next))
                    }) =>
                {
                    word.extend(next);
                    self.take(2);
                }
                _ => {
                    word.push(sign);
                    self.take(sign.len_utf8());
                }
            }
        }
    }

    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }

    fn broken(&self, what: &'static str) -> Unread {
        Unread::Broken { file: self.file.to_path_buf(), line: self.line, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Directive>, Unread> {
        Reader { file: Path::new("site").into(), rest: text, line: 1 }.block(0, false)
    }

    #[test]
    fn directives_are_read_with_lines_quotes_variables_and_blocks() {
        let text = "# a site\nserver {\n  listen 80;\n  location ~ \\.php$ { # scripts\n    fastcgi_param A \"b; c\" ;\n    \
            set $x ${y}z;\n  }\n}\n";
        let all = parsed(text).unwrap();
        let [server] = &all[..] else { panic!("{all:?}") };
        assert_eq!((server.line, server.name.as_str(), server.block.len()), (2, "server", 2));
        let location = &server.block[1];
        assert_eq!((location.line, location.text()), (4, "location ~ \\.php$".to_owned()));
        assert_eq!(
            (location.block[0].line, &location.block[0].arguments),
            (5, &vec!["A".to_owned(), "b; c".to_owned()])
        );
        assert_eq!(location.block[1].arguments, ["$x", "${y}z"]);
    }

    #[test]
    fn what_is_broken_is_named_by_its_line() {
        for (text, line) in
            [("server {\n", 2), ("a b\n", 2), ("a;\n}", 2), ("a \"b\n", 2), ("\n;", 2), ("a { b }", 1)]
        {
            match parsed(text) {
                Err(Unread::Broken { line: found, .. }) => assert_eq!(found, line, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(parsed(&"a {".repeat(1000)).is_err());
    }

    #[test]
    fn what_is_included_stands_in_the_place_of_include() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sites-enabled")).unwrap();
        std::fs::write(folder.path().join("params"), "fastcgi_param A b;\n").unwrap();
        let site = folder.path().join("sites-enabled/app");
        std::fs::write(&site, "server {\n include params;\n include none/*.conf;\n}").unwrap();
        let all = read(&site).unwrap();
        let block: Vec<_> = all[0].block.iter().map(Directive::text).collect();
        assert_eq!(block, ["fastcgi_param A b", "include none/*.conf"]);
        assert!(all[0].block[0].file.ends_with("params"));
    }
}
