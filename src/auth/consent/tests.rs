//! Tests of `auth/consent`.

use proptest::prelude::*;
use std::collections::HashMap;
use url::Url;

use crate::auth::client_secret::ClientSecret;
use crate::auth::consent::{
    Consent, ConsentError, SCOPE_DRIVE, SCOPE_LIBRARY, missing_scopes, parse_paste, scope_box, scopes_for,
};
use crate::config::SourceKind;
use crate::secret::Secret;

fn consent() -> Consent {
    let uri = |text: &str| Url::parse(text).unwrap();
    let client = ClientSecret {
        path: "/c.json".into(),
        id: "client-1".to_owned(),
        secret: Secret::new("GOCSPX-x"),
        auth_uri: uri("https://accounts.google.com/o/oauth2/auth"),
        token_uri: uri("https://oauth2.googleapis.com/token"),
    };
    Consent::begin(&client, &uri("http://127.0.0.1:4321/"), &["scope-a", "scope-b"])
}

fn params(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

#[test]
fn the_address_asks_for_offline_access_with_pkce_and_a_fresh_state() {
    let (first, second) = (consent(), consent());
    let asked = params(first.url());
    for (key, value) in [
        ("response_type", "code"),
        ("client_id", "client-1"),
        ("redirect_uri", "http://127.0.0.1:4321/"),
        ("scope", "scope-a scope-b"),
        ("code_challenge_method", "S256"),
        ("access_type", "offline"),
        ("prompt", "consent"),
    ] {
        assert_eq!(asked[key], value);
    }
    assert!(asked["state"].len() >= 20 && asked["code_challenge"].len() == 43);
    assert_ne!(asked["state"], params(second.url())["state"]);
    assert_ne!(asked["code_challenge"], params(second.url())["code_challenge"]);
    let shown = first.url().as_str();
    assert!(!shown.contains("GOCSPX") && !shown.contains(first.verifier().expose()));
}

#[test]
fn only_the_answer_to_this_consent_gives_the_code() {
    let consent = consent();
    let state = params(consent.url())["state"].clone();
    let code = |query: &str| consent.code_in(&query.replace("STATE", &state));
    assert_eq!(code("state=STATE&code=4%2F0Ab&scope=x"), Ok(Secret::new("4/0Ab")));
    let refused = Err(ConsentError::Refused { code: "access_denied".to_owned() });
    assert_eq!(code("error=access_denied&state=STATE"), refused);
    for (query, error) in [
        ("", ConsentError::Stray),
        ("code=4/0Ab", ConsentError::Stray),
        ("error=access_denied", ConsentError::Stray),
        ("state=STATE", ConsentError::Stray),
        ("state=STATE&code=", ConsentError::Stray),
        ("state=STATE&code=a&code=b", ConsentError::Stray),
        ("state=STATE&code=a&error=access_denied", ConsentError::Stray),
        ("state=wrong&code=4/0Ab", ConsentError::WrongState),
        ("state=STATE&state=wrong&code=4/0Ab", ConsentError::WrongState),
        ("state=STATEx&code=a", ConsentError::WrongState),
    ] {
        assert_eq!(code(query), Err(error), "{query}");
    }
    let odd = code("state=STATE&error=%1b[31mxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    assert_eq!(odd, Err(ConsentError::Refused { code: "unknown".to_owned() }));
}

#[test]
fn a_paste_may_be_the_whole_address_or_its_query_in_quotes_or_not() {
    let query = "state=s&code=4/0A&scope=x";
    for pasted in [
        "http://127.0.0.1:1/?state=s&code=4/0A&scope=x",
        "  http://127.0.0.1:1/?state=s&code=4/0A&scope=x \r\n",
        "\"http://127.0.0.1:1/?state=s&code=4/0A&scope=x\"",
        "'<http://127.0.0.1:1/?state=s&code=4/0A&scope=x>'",
        "http://127.0.0.1:1/?state=s&code=4/0A&scope=x#",
        "127.0.0.1:1/?state=s&code=4/0A&scope=x",
        "?state=s&code=4/0A&scope=x",
        "state=s&code=4/0A&scope=x",
        "\u{1b}state=s&code=4/0A&scope=x",
    ] {
        assert_eq!(parse_paste(pasted), Some(query), "{pasted:?}");
    }
    assert_eq!(parse_paste("error=access_denied&state=s"), Some("error=access_denied&state=s"));
    for pasted in [
        "",
        "   ",
        "yes",
        "4/0Abcdef",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:1/?state=s",
        &"a".repeat(20_000),
    ] {
        assert_eq!(parse_paste(pasted), None, "{pasted:?}");
    }
}

#[test]
fn a_scope_that_was_not_granted_is_found() {
    let granted = |scopes: &[&str]| scopes.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    assert_eq!(missing_scopes(&["a", "b"], Some(&granted(&["b", "openid"]))), ["a"]);
    assert!(missing_scopes(&["a"], Some(&granted(&["x", "a"]))).is_empty());
    assert!(missing_scopes(&["a"], None).is_empty());
    assert_eq!(missing_scopes(&["a"], Some(&[])), ["a"]);
}

#[test]
fn each_scope_is_asked_for_once() {
    assert_eq!(scopes_for(&[SourceKind::LibraryApi, SourceKind::LibraryApi]), [SCOPE_LIBRARY]);
    assert!(scopes_for(&[]).is_empty());
    let both = [SourceKind::LibraryApi, SourceKind::Drive];
    assert_eq!(scopes_for(&both), [SCOPE_LIBRARY, SCOPE_DRIVE]);
    assert_eq!(scopes_for(&[SourceKind::Drive]), [SCOPE_DRIVE]);
    assert!(SCOPE_DRIVE.ends_with("/drive.readonly"), "nothing that could change a file");
    assert!(scope_box(SCOPE_DRIVE).contains("Google Drive"));
}

proptest! {
    #[test]
    fn no_paste_gives_a_code_without_the_state(text in ".{0,200}", prefix in "(http://127.0.0.1:1/)?\\??") {
        let pasted = format!("{prefix}{text}&code=4/0A");
        let found = parse_paste(&pasted).map(|query| consent().code_in(query));
        prop_assert!(!matches!(found, Some(Ok(_))));
    }
}
