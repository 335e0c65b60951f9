//! MSK's three ways to be let in, each against a real broker that asks for it: SCRAM over TLS, a client certificate, and
//! IAM's signed tokens. Who is not let in is told why, and what to do.

use std::collections::BTreeSet;
use std::error::Error;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use handover_api::Record;
use handover_kafka::{
    ClientCertificate, Connection, Credentials, Frame, IamSettings, Login, Password, Producer,
    ProducerConfig, ProvideCredentials, Sasl, SharedCredentialsProvider, Start, Tap, TapConfig, Tapped, Tls,
    Tokens,
};
use handover_parts::{Authority, Identity, Secured};

const PATIENCE: Duration = Duration::from_secs(60);

fn broker() -> &'static Secured {
    static BROKER: OnceLock<Secured> = OnceLock::new();
    BROKER.get_or_init(|| {
        let broker = Secured::start();
        broker.create_topic("flights", 4);
        broker
    })
}

fn trusting(authority: &Authority) -> Tls {
    Tls { ca: Some(authority.ca_file()), client: None }
}

fn scram(user: &str, password: Password) -> Connection {
    let sasl = Some(Sasl::ScramSha512(Login { user: user.into(), password }));
    Connection { tls: Some(trusting(broker().authority())), sasl, ..Connection::plaintext(broker().scram()) }
}

fn mtls(client: Option<&Identity>) -> Connection {
    let client = client.map(|client| ClientCertificate {
        certificate: client.cert_file.clone(),
        key: client.key_file.clone(),
    });
    let tls = Some(Tls { client, ..trusting(broker().authority()) });
    Connection { tls, ..Connection::plaintext(broker().mtls()) }
}

fn iam(region: &str, lifetime: Duration, provider: impl ProvideCredentials + 'static) -> Connection {
    // Started first: a token must not age meanwhile.
    let broker = broker();
    let patience = Duration::from_secs(2);
    let settings = IamSettings { lifetime, patience, ..IamSettings::new(region) };
    let tokens = Tokens::start_with(settings, SharedCredentialsProvider::new(provider)).unwrap();
    let sasl = Some(Sasl::Iam(tokens));
    Connection { tls: Some(trusting(broker.authority())), sasl, ..Connection::plaintext(broker.iam()) }
}

/// With tokens that live as long as tokens may.
fn with_keys(key: &str, secret: &str, session: Option<&str>) -> Connection {
    let credentials = Credentials::new(key, secret, session.map(str::to_owned), None, "test");
    iam(Secured::REGION, Duration::from_secs(900), credentials)
}

fn start(connection: Connection) -> Producer {
    let config = ProducerConfig::new(connection);
    Producer::start(ProducerConfig { message_timeout: Duration::from_secs(4), ..config }).unwrap()
}

/// Commits one record. An error with all that caused it.
async fn commit(producer: &Producer) -> Result<(), String> {
    let record = Record::new("flights", "{}").key("UA");
    let committed = producer.commit(&Frame { records: &[&record], headers: &[] }).await;
    committed.map(|_| ()).map_err(|error| {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
    })
}

/// Until a record is committed: the first ones may come before the connection stands.
async fn delivers(producer: &Producer) {
    let since = Instant::now();
    while let Err(error) = commit(producer).await {
        assert!(since.elapsed() < PATIENCE, "still not let in: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Commits until an error says all of `words`. None may ever succeed.
async fn is_refused(connection: Connection, words: &[&str]) {
    let (producer, since) = (start(connection), Instant::now());
    loop {
        let said = commit(&producer).await.expect_err("let in");
        if words.iter().all(|word| said.contains(word)) {
            println!("{said}");
            return;
        }
        assert!(since.elapsed() < PATIENCE, "it does not say {words:?}: {said}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Commits for that long, and gives the longest that one took. All must succeed.
async fn delivers_for(producer: &Producer, how_long: Duration) -> Duration {
    let (since, mut longest) = (Instant::now(), Duration::ZERO);
    while since.elapsed() < how_long {
        let began = Instant::now();
        commit(producer).await.unwrap_or_else(|error| panic!("after {:?}: {error}", since.elapsed()));
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    longest
}

/// The record that the tap brings first.
async fn reads(connection: Connection) {
    let mut tap =
        Tap::start(TapConfig { start: Start::Beginning, ..TapConfig::new(connection, ["flights"]) }).unwrap();
    let record = async { while !matches!(tap.next().await, Some(Tapped::Record(_))) {} };
    tokio::time::timeout(PATIENCE, record).await.expect("the tap reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scram_over_tls_lets_the_right_password_in() {
    let password = || Password::fixed(Secured::PASSWORD);
    let producer = start(scram(Secured::USER, password()));
    delivers(&producer).await;
    assert!(producer.partition_of("flights", Some(b"UA")).is_none(), "it is asked for now");
    reads(scram(Secured::USER, password())).await;
    let since = Instant::now();
    while producer.partition_of("flights", Some(b"UA")).is_none() {
        assert!(since.elapsed() < PATIENCE, "partitions can be counted, too");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let wrong = scram(Secured::USER, Password::fixed("guessed"));
    is_refused(wrong, &["Kafka refuses this client", "invalid credentials", "`password_file`"]).await;
    is_refused(scram("bob", password()), &["invalid credentials", "`user`"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_replaced_while_the_producer_runs() {
    // A broker of its own: others would be locked out.
    let broker = Secured::start();
    broker.create_topic("flights", 4);
    let (replace, password) = Password::replaceable(Secured::PASSWORD);
    let sasl = Some(Sasl::ScramSha512(Login { user: Secured::USER.into(), password }));
    let tls = Some(trusting(broker.authority()));
    let producer = start(Connection { tls, sasl, ..Connection::plaintext(broker.scram()) });
    delivers(&producer).await;
    broker.set_password("another");
    let since = Instant::now();
    // The broker asks again every 3 s.
    while !commit(&producer).await.is_err_and(|error| error.contains("`password_file`")) {
        assert!(since.elapsed() < PATIENCE, "the old password still does");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    replace.send_replace("another".into());
    delivers(&producer).await;
    assert_eq!(producer.stats().replaced, 0, "it is the same producer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_that_the_brokers_trust_is_let_in() {
    delivers(&start(mtls(Some(broker().client())))).await;
    reads(mtls(Some(broker().client()))).await;
    let strangers = Authority::new();
    is_refused(mtls(Some(&strangers.sign("client"))), &["SSL", "`cert_file`"]).await;
    is_refused(mtls(None), &["SSL", "asks for no certificate"]).await;
    let nobody = Authority::new();
    let untrusting = Connection { tls: Some(trusting(&nobody)), ..mtls(None) };
    is_refused(untrusting, &["certificate verify failed", "`ca_file`"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn iam_lets_signed_tokens_in() {
    let (key, secret) = Secured::KEY;
    delivers(&start(with_keys(key, secret, None))).await;
    let (key, secret, session) = Secured::ROLE;
    delivers(&start(with_keys(key, secret, Some(session)))).await;
    reads(with_keys(key, secret, Some(session))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn iam_refuses_what_is_not_signed_as_it_should_be_and_says_so() {
    let ((key, secret), (role, role_secret, _)) = (Secured::KEY, Secured::ROLE);
    let todo = "kafka-cluster:Connect";
    let refused = "access denied";
    is_refused(with_keys(key, "guessed", None), &[refused, "signature does not match", todo]).await;
    is_refused(with_keys("AKIAUNKNOWN", secret, None), &[refused, "access key is unknown", todo]).await;
    is_refused(with_keys(role, role_secret, None), &[refused, "session token is another", todo]).await;
    is_refused(with_keys(role, role_secret, Some("old")), &[refused, "session token is another", todo]).await;
    let keys = || Credentials::new(key, secret, None, None, "test");
    let quarter = Duration::from_secs(900);
    is_refused(iam("us-east-1", quarter, keys()), &[refused, "not for kafka.eu-west-1", todo]).await;
    is_refused(iam(Secured::REGION, 2 * quarter, keys()), &[refused, "valid for too long", todo]).await;
    let (powerless, its_secret) = Secured::POWERLESS;
    is_refused(with_keys(powerless, its_secret, None), &["flights", "uthorization failed"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_renewed_before_they_expire() {
    let (key, secret) = Secured::KEY;
    let credentials = Credentials::new(key, secret, None, None, "test");
    let producer = start(iam(Secured::REGION, Duration::from_secs(6), credentials));
    delivers(&producer).await;
    let longest = delivers_for(&producer, Duration::from_secs(15)).await;
    let log = broker().log();
    let accepted = log.lines().filter(|line| line.contains("IAM accepted") && line.ends_with("for 6 s"));
    let tokens: BTreeSet<_> = accepted.collect();
    println!("{} tokens in 15 s; a record took {longest:?} at most", tokens.len());
    assert!(tokens.len() >= 4, "{tokens:?}");
}

/// Gives credentials at first, and then hangs.
#[derive(Debug)]
struct Hanging {
    gives: usize,
    asked: Arc<AtomicUsize>,
}

impl ProvideCredentials for Hanging {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let hangs = self.asked.fetch_add(1, Relaxed) >= self.gives;
        aws_credential_types::provider::future::ProvideCredentials::new(async move {
            if hangs {
                pending::<()>().await;
            }
            let (key, secret) = Secured::KEY;
            Ok(Credentials::new(key, secret, None, None, "test"))
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credentials_provider_that_hangs_stalls_no_delivery() {
    let asked = Arc::<AtomicUsize>::default();
    let provider = Hanging { gives: 1, asked: Arc::clone(&asked) };
    let producer = start(iam(Secured::REGION, Duration::from_secs(40), provider));
    delivers(&producer).await;
    let since = Instant::now();
    while asked.load(Relaxed) < 2 {
        assert!(since.elapsed() < PATIENCE, "the token is renewed at half of its life");
        commit(&producer).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let longest = delivers_for(&producer, Duration::from_secs(6)).await;
    println!("beside a provider that hangs a record took {longest:?} at most");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    // The token ends, and there is no other one.
    let since = Instant::now();
    while !commit(&producer).await.is_err_and(|error| error.contains("the credentials provider gave none")) {
        assert!(since.elapsed() < PATIENCE, "it does not say why");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credentials_it_says_so_and_comes_back_when_there_are_some() {
    #[derive(Debug)]
    struct Late(AtomicUsize);

    impl ProvideCredentials for Late {
        fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            use aws_credential_types::provider::error::CredentialsError;
            let early = self.0.fetch_add(1, Relaxed) < 2;
            let (key, secret) = Secured::KEY;
            aws_credential_types::provider::future::ProvideCredentials::ready(if early {
                Err(CredentialsError::not_loaded("no role is attached"))
            } else {
                Ok(Credentials::new(key, secret, None, None, "test"))
            })
        }
    }

    let producer = start(iam(Secured::REGION, Duration::from_secs(900), Late(AtomicUsize::new(0))));
    let since = Instant::now();
    while !commit(&producer).await.is_err_and(|error| error.contains("no role is attached")) {
        assert!(since.elapsed() < PATIENCE, "it does not say why");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    delivers(&producer).await;
}
