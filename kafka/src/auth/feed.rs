//! Hands a native client the password or token that replaced the one it has, while it runs.

use std::ffi::{CStr, CString};
use std::ptr;

use rdkafka::bindings::{
    rd_kafka_error_destroy, rd_kafka_error_string, rd_kafka_oauthbearer_set_token,
    rd_kafka_sasl_set_credentials,
};
use rdkafka::client::{Client, ClientContext};
use tokio::sync::watch;

use super::Sasl;
use super::iam::{Latest, Token};
use crate::Connection;

/// The new secrets of one native client. Whoever polls the client looks at it as often.
pub(crate) struct Feed(Option<Source>);

enum Source {
    Login(String, watch::Receiver<String>),
    Tokens(watch::Receiver<Latest>),
}

impl Feed {
    /// The first look hands over what there is by then.
    pub(crate) fn new(connection: &Connection) -> Self {
        let mut source = connection.sasl.as_ref().map(|sasl| match sasl {
            Sasl::Plain(login) | Sasl::ScramSha256(login) | Sasl::ScramSha512(login) => {
                Source::Login(login.user.clone(), login.password.0.clone())
            }
            Sasl::Iam(tokens) => Source::Tokens(tokens.latest()),
        });
        match &mut source {
            Some(Source::Login(_, password)) => password.mark_changed(),
            Some(Source::Tokens(latest)) => latest.mark_changed(),
            None => {}
        }
        Self(source)
    }

    /// Looks whether there is something new, and hands it over. Never waits. What comes back is why the client has
    /// nothing to log in with.
    pub(crate) fn refresh<C: ClientContext>(&mut self, client: &Client<C>) -> Option<String> {
        match self.0.as_mut()? {
            // A sender that is gone sends nothing new.
            Source::Login(user, password) if password.has_changed().unwrap_or(false) => {
                let password = password.borrow_and_update().clone();
                set_login(client, user, &password).err()
            }
            Source::Tokens(latest) if latest.has_changed().unwrap_or(false) => {
                let latest = latest.borrow_and_update().clone();
                match latest.usable() {
                    Some(token) => set_token(client, token).err(),
                    None => latest.problem,
                }
            }
            _ => None,
        }
    }
}

#[expect(unsafe_code, reason = "rdkafka 0.39 has no way to replace a login")]
fn set_login<C: ClientContext>(client: &Client<C>, user: &str, password: &str) -> Result<(), String> {
    let nul = |_| "the user or its password has a NUL byte, which no login can have".to_owned();
    let (user, password) = (CString::new(user).map_err(nul)?, CString::new(password).map_err(nul)?);
    // SAFETY: the pointers are valid for the call, which copies what it wants to keep (rdkafka.h); the client is
    // borrowed, so alive. An error that it returns is ours to destroy, once, after its text was copied.
    unsafe {
        let error = rd_kafka_sasl_set_credentials(client.native_ptr(), user.as_ptr(), password.as_ptr());
        if error.is_null() {
            return Ok(());
        }
        let text = CStr::from_ptr(rd_kafka_error_string(error)).to_string_lossy().into_owned();
        rd_kafka_error_destroy(error);
        Err(text)
    }
}

/// Librdkafka would ask for a token by a callback, and after a failure not again for ten seconds. Handed over when there
/// is one, it is used at once.
#[expect(unsafe_code, reason = "rdkafka 0.39 hands tokens over only when librdkafka asks")]
fn set_token<C: ClientContext>(client: &Client<C>, token: &Token) -> Result<(), String> {
    let nul = |_| "the token has a NUL byte".to_owned();
    let value = CString::new(token.value.as_str()).map_err(nul)?;
    let principal = CString::new(token.principal.as_str()).map_err(nul)?;
    let mut said = [0; 512];
    // SAFETY: all pointers are valid for the call, which copies what it wants to keep (rdkafka.h); there are no
    // extensions; at most `said.len()` bytes are written to `said`, with a NUL at their end.
    let code = unsafe {
        rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.expires_ms(),
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    if rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR == code {
        return Ok(());
    }
    let said: Vec<u8> = said.iter().take_while(|byte| **byte != 0).map(|byte| byte.cast_unsigned()).collect();
    Err(format!("librdkafka refuses the token: {}", String::from_utf8_lossy(&said)))
}
