//! A php-fpm that says what it made of a request, and the crate with the same settings beside it.

use std::fmt;

use handover_parts::fastcgi::FastCgi;
use handover_parts::{PhpFpm, PhpFpmBuilder};
use legacy_compat::families::serialize::serialize;
use legacy_compat::request::{Incoming, Server, Settings, Superglobals, Upload, server};
use legacy_compat::{Array, Php, Value, Version};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/php/superglobals.php");

/// How many requests each test sends in `make test`.
const FEW: u32 = 1_000;

/// A request as it is sent.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) query: Vec<u8>,
    pub(crate) cookie: Vec<u8>,
    pub(crate) content_type: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ?{}", self.method, self.query.escape_ascii())?;
        writeln!(f, "Cookie: {}", self.cookie.escape_ascii())?;
        writeln!(f, "Content-Type: {}", self.content_type.escape_ascii())?;
        for (name, value) in &self.fields {
            writeln!(f, "{}: {}", name.escape_ascii(), value.escape_ascii())?;
        }
        writeln!(f, "\n{}", self.body.escape_ascii())
    }
}

/// Sends generated requests until one is seen differently, and then the smallest such.
pub(crate) fn holds(what: &str, requests: impl Strategy<Value = Request>, mut compare: impl FnMut(&Request)) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u32>().expect("a number"));
    let cases = number("PARITY_REQUESTS").unwrap_or(FEW);
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number("PARITY_SEED").unwrap_or(0).to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let compare = std::cell::RefCell::new(&mut compare);
    let outcome = runner.run(&requests, |request| {
        let run = || (compare.borrow_mut())(&request);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            TestCaseError::fail(text)
        })
    });
    match outcome {
        Ok(()) => println!("{what}: {cases} requests, no difference"),
        Err(TestError::Fail(why, request)) => panic!("{what}: seen differently:\n{request:?}\n{why}"),
        Err(TestError::Abort(why)) => panic!("{what}: {why}"),
    }
}

/// A php-fpm of one child, and the crate's parameters that say the same.
pub(crate) struct Pool {
    name: &'static str,
    fpm: PhpFpm,
    connection: FastCgi,
    php: Php,
    environment: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Pool {
    /// As distributions ship PHP.
    pub(crate) fn of_distributions() -> Self {
        Self::start("as shipped", Php::new(Version::V8_2), Settings::of_distributions())
    }

    /// Where every limit is within reach of a small request.
    pub(crate) fn with_tight_limits() -> Self {
        let mut settings = Settings::default();
        settings.request_order = Some("CGP".to_owned());
        settings.arg_separator_input = ";&".to_owned();
        settings.post_max_size = 12_000;
        settings.upload_max_filesize = 5_300;
        settings.max_file_uploads = 2;
        settings.max_multipart_body_parts = Some(5);
        let mut php = Php::new(Version::V8_2);
        php.max_input_vars = 4;
        php.max_input_nesting_level = 2;
        Self::start("tight limits", php, settings)
    }

    /// Where files are not taken.
    pub(crate) fn without_uploads() -> Self {
        let mut settings = Settings::of_distributions();
        settings.file_uploads = false;
        settings.variables_order = "GCS".to_owned();
        Self::start("without uploads", Php::new(Version::V8_2), settings)
    }

    /// Where the application reads bodies itself.
    pub(crate) fn that_does_not_read_bodies() -> Self {
        let mut settings = Settings::of_distributions();
        settings.enable_post_data_reading = false;
        settings.request_order = Some(String::new());
        Self::start("without bodies", Php::new(Version::V8_2), settings)
    }

    fn start(name: &'static str, mut php: Php, settings: Settings) -> Self {
        php.input = settings;
        let fpm = configured(&php).start();
        let connection = FastCgi::connect(fpm.address());
        let mut pool = Self { name, fpm, connection, php, environment: Vec::new() };
        pool.learn_the_environment();
        pool
    }

    /// What stands in `$_SERVER` before the parameters is the children's environment.
    fn learn_the_environment(&mut self) {
        let seen = self.seen(&[(b"REQUEST_METHOD", b"GET"), (b"SCRIPT_FILENAME", SCRIPT.as_bytes())], b"");
        let seen = legacy_compat::families::serialize::unserialize(&self.php, &seen, false)
            .expect("what was serialized");
        let server =
            seen.as_array().and_then(|all| all.get_int(5)).and_then(Value::as_array).expect("$_SERVER");
        let pairs =
            server.iter().map(|(key, value)| (key.to_str(), value.as_bytes().unwrap_or_default().to_vec()));
        let own = pairs.take_while(|(name, _)| *name != "SCRIPT_FILENAME");
        self.environment = own.map(|(name, value)| (name.to_vec(), value)).collect();
    }

    fn seen(&mut self, params: &[(&[u8], &[u8])], body: &[u8]) -> Vec<u8> {
        // php-fpm closes a kept connection where a script left a body unread.
        let answer = self.connection.ask(params, body).or_else(|_| {
            self.connection = FastCgi::connect(self.fpm.address());
            self.connection.ask(params, body)
        });
        let answer = answer.expect("php-fpm answers on a fresh connection");
        assert!(answer.stderr.is_empty(), "PHP complains: {}", answer.stderr.escape_ascii());
        answer.body().to_vec()
    }

    /// Has both sides look at the request.
    ///
    /// # Panics
    /// When they see different things.
    pub(crate) fn compare(&mut self, request: &Request) {
        let length = request.body.len().to_string();
        let mut params: Vec<(&[u8], &[u8])> = vec![
            (b"SCRIPT_FILENAME", SCRIPT.as_bytes()),
            (b"QUERY_STRING", &request.query),
            (b"REQUEST_METHOD", request.method.as_bytes()),
            (b"CONTENT_TYPE", &request.content_type),
            (b"CONTENT_LENGTH", length.as_bytes()),
            (b"SCRIPT_NAME", b"/superglobals.php"),
            (b"REQUEST_URI", b"/x?y"),
        ];
        if !request.cookie.is_empty() {
            params.push((b"HTTP_COOKIE", &request.cookie));
        }
        params.extend(request.fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
        let seen = self.seen(&params, &request.body);
        let expected = serialize(&self.php, &self.expected(request, &params).into());
        assert!(
            seen == expected,
            "pool \"{}\":\nPHP   {}\ncrate {}\n",
            self.name,
            seen.escape_ascii(),
            expected.escape_ascii()
        );
    }

    fn expected(&self, request: &Request, params: &[(&[u8], &[u8])]) -> Array {
        let incoming = Incoming {
            method: request.method.as_bytes(),
            query: &request.query,
            cookie: &request.cookie,
            content_type: &request.content_type,
            body: &request.body,
        };
        let mut seen = Superglobals::of(&self.php, &incoming);
        let environment: Vec<(&[u8], &[u8])> =
            self.environment.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
        let server = server(&self.php, &Server { environment: &environment, params, time: 0.0 });
        for name in seen.files.keys().collect::<Vec<_>>() {
            let Some(Value::Array(file)) = seen.files.get_mut(&name) else { continue };
            if let Some(place) = file.get_mut(&"tmp_name".into()) {
                with_contents(place, &seen.uploads);
            }
        }
        [seen.get, seen.post, seen.cookie, seen.files, seen.request, server]
            .map(Value::from)
            .into_iter()
            .chain([Value::string(seen.input)])
            .collect()
    }
}

/// The place of an upload becomes its contents, as the script does it.
fn with_contents(place: &mut Value, uploads: &[Upload<'_>]) {
    match place {
        Value::Array(places) => places.for_each_mut(|place| with_contents(place, uploads)),
        Value::Str(text) => {
            let index = text
                .to_str()
                .and_then(|text| text.strip_prefix("upload:"))
                .and_then(|n| n.parse::<usize>().ok());
            if let Some(upload) = index.and_then(|index| uploads.get(index)) {
                *place = [b"file:", upload.contents].concat().into();
            }
        }
        _ => {}
    }
}

/// A pool whose `php.ini` says what the crate was told.
fn configured(php: &Php) -> PhpFpmBuilder {
    let (settings, on) = (&php.input, |on: bool| if on { "1" } else { "0" });
    PhpFpm::serving(concat!(env!("CARGO_MANIFEST_DIR"), "/php"))
        .children(1)
        .setting("log_errors", "0")
        .setting("display_errors", "0")
        .setting("output_buffering", "0")
        .setting("max_input_vars", php.max_input_vars.to_string())
        .setting("max_input_nesting_level", php.max_input_nesting_level.to_string())
        .setting("variables_order", settings.variables_order.clone())
        .setting("request_order", settings.request_order.clone().unwrap_or_default())
        .setting("arg_separator.input", format!("\"{}\"", settings.arg_separator_input))
        .setting("enable_post_data_reading", on(settings.enable_post_data_reading))
        .setting("register_argc_argv", on(settings.register_argc_argv))
        .setting("post_max_size", settings.post_max_size.to_string())
        .setting("file_uploads", on(settings.file_uploads))
        .setting("upload_max_filesize", settings.upload_max_filesize.to_string())
        .setting("max_file_uploads", settings.max_file_uploads.to_string())
        .setting(
            "max_multipart_body_parts",
            settings.max_multipart_body_parts.map_or("-1".to_owned(), |n| n.to_string()),
        )
}
