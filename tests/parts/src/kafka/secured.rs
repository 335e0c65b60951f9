//! A broker that lets in whoever proves who they are, in the three ways of AWS MSK, each on a port of its own.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Command, Output};

use super::{Extras, Kafka, Listener, java};
use crate::{Authority, Identity, free_port, process, tools};

/// What checks IAM's signatures in the broker, and what changes a password.
const CLASSES: [(&str, &str); 2] = [
    ("MskIam.java", include_str!("../../kafka/MskIam.java")),
    ("ScramPassword.java", include_str!("../../kafka/ScramPassword.java")),
];

/// A running broker with authentication. Everyone whom this module names may do everything, others nothing.
#[derive(Debug)]
pub struct Secured {
    kafka: Kafka,
    authority: Authority,
    client: Identity,
    scram: u16,
    mtls: u16,
    iam: u16,
}

impl Secured {
    /// The user that SCRAM-SHA-512 knows.
    pub const USER: &str = "alice";
    /// The user's password at first.
    pub const PASSWORD: &str = "alices first password";
    /// The region that IAM's tokens must be signed for.
    pub const REGION: &str = "eu-west-1";
    /// Access key and secret that IAM knows.
    pub const KEY: (&str, &str) = ("AKIALONGLIVED", "a-long-lived-secret");
    /// Access key, secret and session token of a role's credentials.
    pub const ROLE: (&str, &str, &str) = ("ASIAOFAROLE", "a-role's-secret", "session/+==token");
    /// An access key that IAM knows, and that may do nothing.
    pub const POWERLESS: (&str, &str) = ("AKIAPOWERLESS", "another-secret");

    /// Starts it: about 5 s, since there is a Java compiler to wait for. Whoever is let in has to prove it again every
    /// 3 s.
    ///
    /// # Panics
    /// When Java, its compiler or Kafka is not installed, or the broker does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = process::folder("kafka");
        let authority = Authority::new();
        let (server, client) = (authority.sign("broker"), authority.sign("client"));
        write_stores(folder.path(), &authority, &server);
        compile(folder.path());
        let [scram, mtls, iam] = [free_port(), free_port(), free_port()];
        let kafka = Kafka::start_in(
            folder,
            &Extras {
                listeners: &[
                    Listener { name: "SCRAM", protocol: "SASL_SSL", port: scram, told: scram },
                    Listener { name: "MTLS", protocol: "SSL", port: mtls, told: mtls },
                    Listener { name: "IAM", protocol: "SASL_SSL", port: iam, told: iam },
                ],
                settings: &settings(),
                format: &[
                    "--add-scram",
                    &format!("SCRAM-SHA-512=[name={},password={}]", Self::USER, Self::PASSWORD),
                ],
            },
        );
        Self { kafka, authority, client, scram, mtls, iam }
    }

    /// The port where SCRAM-SHA-512 over TLS is asked for.
    #[must_use]
    pub fn scram(&self) -> String {
        format!("127.0.0.1:{}", self.scram)
    }

    /// The port where a certificate is asked for.
    #[must_use]
    pub fn mtls(&self) -> String {
        format!("127.0.0.1:{}", self.mtls)
    }

    /// The port where IAM's tokens are asked for, by OAUTHBEARER over TLS.
    #[must_use]
    pub fn iam(&self) -> String {
        format!("127.0.0.1:{}", self.iam)
    }

    /// The authority that signed the broker's certificate, and whose clients it trusts.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The client's certificate; another of the same name is let in as well.
    #[must_use]
    pub fn client(&self) -> &Identity {
        &self.client
    }

    /// Gives the user another password.
    ///
    /// # Panics
    /// When the broker refuses.
    pub fn set_password(&self, password: &str) {
        let mut command = java();
        command.current_dir(self.kafka.process.folder());
        command.args(["ScramPassword", &self.kafka.bootstrap(), Self::USER, password]);
        succeeded(&mut command);
    }
}

impl Deref for Secured {
    type Target = Kafka;

    fn deref(&self) -> &Kafka {
        &self.kafka
    }
}

impl DerefMut for Secured {
    fn deref_mut(&mut self) -> &mut Kafka {
        &mut self.kafka
    }
}

/// Beside the listeners themselves. Paths are relative to the broker's folder.
fn settings() -> String {
    let iam = "listener.name.iam.oauthbearer.";
    let (key, role) = (Secured::KEY.0, Secured::ROLE.0);
    format!(
        "
ssl.keystore.type=PEM
ssl.keystore.location=broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=ca.pem
listener.name.mtls.ssl.client.auth=required
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.scram-sha-512.connections.max.reauth.ms=3000
listener.name.iam.sasl.enabled.mechanisms=OAUTHBEARER
{iam}sasl.server.callback.handler.class=MskIam
{iam}sasl.login.callback.handler.class=MskIam
{iam}sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required region=\"{}\" credentials=\"credentials\";
{iam}connections.max.reauth.ms=3000
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{};User:CN=client;User:{key};User:{role}
",
        Secured::REGION,
        Secured::USER
    )
}

fn write_stores(folder: &Path, authority: &Authority, server: &Identity) {
    let read = |file: &Path| std::fs::read_to_string(file).expect("the authority's files can be read");
    let ca = read(&authority.ca_file());
    process::write(folder.join("broker.pem"), read(&server.key_file) + &read(&server.cert_file) + &ca);
    process::write(folder.join("ca.pem"), ca);
    let (key, role, powerless) = (Secured::KEY, Secured::ROLE, Secured::POWERLESS);
    let credentials = format!(
        "{}={}\n{}={}\n{}.token={}\n{}={}\n",
        key.0, key.1, role.0, role.1, role.0, role.2, powerless.0, powerless.1
    );
    process::write(folder.join("credentials"), credentials);
}

/// To `classes` in the broker's folder, which its class path names.
fn compile(folder: &Path) {
    CLASSES.iter().for_each(|(name, source)| process::write(folder.join(name), source));
    let mut command = Command::new(tools::program(&["javac"]));
    command.current_dir(folder).args(["-d", "classes", "-cp"]).arg(tools::kafka().join("*"));
    succeeded(command.args(CLASSES.map(|(name, _)| name)));
}

fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    output
}
