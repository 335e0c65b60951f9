//! Nobody signs off their own work: who wrote a route's handler accepts and ignores none of its differences.

use handover_shadow::Verb;

use crate::config::valid::Config;

/// Somebody would sign off their own work.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{who} is among the authors of {route}: somebody else has to decide that, or [admin] own_work = true allows it"
)]
pub(crate) struct OwnWork {
    who: String,
    route: String,
}

/// Whether that person may decide so on that route. A bug may be called by anybody, and a comment be made.
pub(crate) fn check(config: &Config, route: &str, who: &str, verb: &Verb) -> Result<(), OwnWork> {
    let signs_off = matches!(verb, Verb::Accept | Verb::Ignore { .. });
    let spec = config.routes.iter().find(|spec| &*spec.name == route);
    let is_author = spec.is_some_and(|spec| spec.authors.iter().any(|author| author == who.trim()));
    if signs_off && is_author && !config.access.own_work {
        return Err(OwnWork { who: who.trim().to_owned(), route: route.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::Sources;
    use crate::config::validate::{Against, validate};
    use crate::native::application::Names;

    fn config(admin: &str) -> Config {
        let text = format!(
            "{admin}[legacy.a]\nhttp = 'http://a'\n[[route]]\nname = 'r'\nmatch = 'GET /'\nauthors = ['ann']\n"
        );
        let against = Against { env: &|_| None, names: &Names::of_handlers(&[]), state: None };
        validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}")).config
    }

    #[test]
    fn an_author_signs_nothing_off_unless_the_file_allows_it() {
        let strict = config("");
        assert!(check(&strict, "r", " ann ", &Verb::Accept).is_err());
        assert!(check(&strict, "r", "ann", &Verb::Ignore { kind: None }).is_err());
        assert_eq!(check(&strict, "r", "ann", &Verb::Bug), Ok(()));
        assert_eq!(check(&strict, "r", "bob", &Verb::Accept), Ok(()));
        assert_eq!(check(&strict, "other", "ann", &Verb::Accept), Ok(()));
        assert_eq!(check(&config("[admin]\nown_work = true\n"), "r", "ann", &Verb::Accept), Ok(()));
    }
}
