//! Makes a token: a presigned request for `kafka-cluster:Connect`, in base64url (AWS SigV4, "Authenticating requests: using
//! query parameters"; the form is that of AWS's own MSK signers).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Token;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Added behind the signature, as AWS's signers do: it names the client in MSK's logs.
const USER_AGENT: &str = concat!("&User-Agent=handover%2F", env!("CARGO_PKG_VERSION"));

/// A token for a cluster of that region, valid from `now` on.
pub(super) fn token(
    credentials: &Credentials,
    region: &str,
    now: SystemTime,
    lifetime: Duration,
) -> Result<Token, BoxError> {
    let identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(lifetime);
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("kafka-cluster")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let url = format!("https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect");
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign_request(request, &params)?.into_parts();
    let mut signed = http::Request::get(url).body(())?;
    instructions.apply_to_request_http1x(&mut signed);
    let url = signed.uri().to_string() + USER_AGENT;
    let ends = now + lifetime;
    Ok(Token {
        value: URL_SAFE_NO_PAD.encode(url),
        principal: credentials.access_key_id().to_owned(),
        expires: credentials.expiry().map_or(ends, |expiry| expiry.min(ends)),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_token_is_a_signed_request_that_hides_its_secret_and_ends_with_its_credentials() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_357_000_000);
        let expiry = now + Duration::from_secs(60);
        let credentials =
            Credentials::new("AKID", "the-secret", Some("session/+=".into()), Some(expiry), "test");
        let token = token(&credentials, "eu-west-1", now, Duration::from_secs(900)).unwrap();
        assert_eq!((token.principal.as_str(), token.expires), ("AKID", expiry));
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(&token.value).unwrap()).unwrap();
        assert!(!url.contains("the-secret"), "{url}");
        let query = url.strip_prefix("https://kafka.eu-west-1.amazonaws.com/?").unwrap();
        let query: BTreeMap<_, _> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
        for (name, value) in [
            ("Action", "kafka-cluster%3AConnect"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "AKID%2F20130101%2Feu-west-1%2Fkafka-cluster%2Faws4_request"),
            ("X-Amz-Date", "20130101T002640Z"),
            ("X-Amz-Expires", "900"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Security-Token", "session%2F%2B%3D"),
        ] {
            assert_eq!(query.get(name), Some(&value), "{name} in {url}");
        }
        assert_eq!(query["X-Amz-Signature"].len(), 64);
        assert!(query["User-Agent"].starts_with("handover%2F"), "{url}");
    }
}
