//! Who a token speaks for.

use serde_json::{Value, json};

use crate::clock::Millis;
use crate::oauth::Access;
use crate::rng;

/// The 21 digits that Google calls `sub`.
pub(crate) fn subject(account: &str) -> String {
    format!("1{:020}", rng::mix_text(account))
}

fn email(account: &str) -> String {
    if account.contains('@') { account.to_owned() } else { format!("{account}@example.com") }
}

/// Answers `userinfo`.
pub(crate) fn user_info(access: &Access) -> Value {
    let mut body = json!({ "sub": subject(&access.account), "id": subject(&access.account) });
    if access.scopes.iter().any(|s| s == "email" || s.ends_with("/userinfo.email")) {
        body["email"] = email(&access.account).into();
        body["email_verified"] = true.into();
    }
    if access.scopes.iter().any(|s| s == "profile" || s.ends_with("/userinfo.profile")) {
        body["name"] = access.account.clone().into();
    }
    body
}

/// Where the endpoints are, for clients that ask.
pub(crate) fn openid_configuration(origin: &str) -> Value {
    json!({
        "issuer": "https://accounts.google.com",
        "authorization_endpoint": format!("{origin}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{origin}/token"),
        "userinfo_endpoint": format!("{origin}/oauth2/v3/userinfo"),
        "revocation_endpoint": format!("{origin}/revoke"),
    })
}

/// Answers `tokeninfo`.
pub(crate) fn token_info(access: &Access, client_id: &str, now: Millis) -> Value {
    json!({
        "azp": client_id,
        "aud": client_id,
        "sub": subject(&access.account),
        "scope": access.scopes.join(" "),
        "exp": (access.expires_ms / 1000).to_string(),
        "expires_in": ((access.expires_ms - now) / 1000).to_string(),
        "access_type": "offline",
    })
}

/// A JWT in form; nobody can check its signature.
pub(crate) fn id_token(account: &str, client_id: &str, now: Millis) -> String {
    let header = json!({"alg": "RS256", "kid": "fake", "typ": "JWT"});
    let claims = json!({
        "iss": "https://accounts.google.com", "azp": client_id, "aud": client_id,
        "sub": subject(account), "email": email(account), "email_verified": true,
        "iat": now / 1000, "exp": now / 1000 + 3600,
    });
    let part = |value: &Value| rng::base64url(value.to_string().as_bytes());
    format!(
        "{}.{}.{}",
        part(&header),
        part(&claims),
        rng::base64url(&rng::bytes(rng::mix_text(account), 256))
    )
}
