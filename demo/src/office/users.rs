//! Who may enter (`includes/config.php`).

use std::sync::Arc;

use handover_api::HandlerError;
use legacy_compat::Php;
use legacy_compat::families::password;

/// Login name, name, bcrypt hash.
const USERS: [(&str, &str, &str); 2] = [
    ("ops", "Operations Desk", "$2y$06$hbIWpRIp1F8eDa/D9nvWLOW0IqKksYhFVDKxUTnLWd16kj8YZcgcC"),
    (
        "renee",
        "Ren\u{e9}e O'Neill <dispatch>",
        "$2y$06$3gtKFpUzBtrYVo8yzyLWR.XzaYndHLvVPHB9OajGqlgR4ZwCC2f4q",
    ),
];

/// The name of a user.
pub(super) fn name(user: &[u8]) -> Option<&'static str> {
    USERS.iter().find(|(login, ..)| login.as_bytes() == user).map(|(_, name, _)| *name)
}

/// `log_in()`: bcrypt takes its time, which no other request waits for.
pub(super) async fn log_in(
    php: Arc<Php>,
    name: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
) -> Result<bool, HandlerError> {
    let known = USERS.iter().find(|(login, ..)| name.as_deref() == Some(login.as_bytes()));
    let (Some((.., hash)), Some(password)) = (known, password) else { return Ok(false) };
    let verified =
        tokio::task::spawn_blocking(move || password::verify(&php, &password, hash.as_bytes())).await;
    verified.map_err(HandlerError::new)
}
