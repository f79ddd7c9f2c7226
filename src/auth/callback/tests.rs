//! Tests of `auth/callback`.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::auth::callback::{CallbackError, Listener, query_of};
use crate::auth::client_secret::ClientSecret;
use crate::auth::consent::{Consent, ConsentError};
use crate::secret::Secret;

fn consent_for(listener: &Listener) -> (Consent, String) {
    let uri = |text: &str| Url::parse(text).unwrap();
    let client = ClientSecret {
        path: "/c.json".into(),
        id: "client-1".to_owned(),
        secret: Secret::new("x"),
        auth_uri: uri("https://accounts.google.com/o/oauth2/auth"),
        token_uri: uri("https://oauth2.googleapis.com/token"),
    };
    let consent = Consent::begin(&client, listener.redirect(), &["s"]);
    let state = consent.url().query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    (consent, state)
}

async fn send(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn get(port: u16, target: &str) -> String {
    send(port, &format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).await
}

#[tokio::test]
async fn stray_requests_are_answered_and_do_not_end_the_wait() {
    let listener = Listener::bind(0).await.unwrap();
    let port = listener.port();
    assert_eq!(listener.redirect().as_str(), format!("http://127.0.0.1:{port}/"));
    let (consent, state) = consent_for(&listener);
    let silent: Vec<TcpStream> = futures_util::future::join_all(
        (0..8).map(|_| async { TcpStream::connect(("127.0.0.1", port)).await.unwrap() }),
    )
    .await;
    let browser = async {
        for target in
            ["/favicon.ico", "/", "/?code=a", "/?state=wrong&code=a", &format!("/other?state={state}&code=a")]
        {
            let answer = get(port, target).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{target}: {answer}");
        }
        assert!(
            send(port, &format!("POST /?state={state}&code=a HTTP/1.1\r\n\r\n"))
                .await
                .starts_with("HTTP/1.1 400 ")
        );
        assert_eq!(send(port, &"x".repeat(20_000)).await, "", "a request that is too long is not answered");
        get(port, &format!("/?state={state}&code=4/0Ab")).await
    };
    let wait = async {
        let (answer, browser) = listener.wait(&consent).await.unwrap();
        browser.answer(true, "Logged in", "a < b").await;
        answer
    };
    let (answer, page) = tokio::join!(wait, browser);
    assert_eq!(answer, Ok(Secret::new("4/0Ab")));
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("a &lt; b"), "{page}");
    assert!(
        page.contains("default-src 'none'") && !page.contains("http://") && !page.contains("4/0Ab"),
        "{page}"
    );
    drop(silent);
}

#[tokio::test]
async fn a_refused_consent_ends_the_wait() {
    let listener = Listener::bind(0).await.unwrap();
    let (consent, state) = consent_for(&listener);
    let target = format!("/?error=access_denied&state={state}");
    let wait = async {
        let (answer, browser) = listener.wait(&consent).await.unwrap();
        browser.answer(false, "Not logged in", "no").await;
        answer
    };
    let (answer, page) = tokio::join!(wait, get(listener.port(), &target));
    assert_eq!(answer, Err(ConsentError::Refused { code: "access_denied".to_owned() }));
    assert!(page.starts_with("HTTP/1.1 400 "), "{page}");
}

#[tokio::test(start_paused = true)]
async fn silent_connections_are_closed_so_that_they_cannot_block_the_answer() {
    let listener = Listener::bind(0).await.unwrap();
    let (consent, _) = consent_for(&listener);
    let mut silent = TcpStream::connect(("127.0.0.1", listener.port())).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(60), listener.wait(&consent)).await;
    assert!(waited.is_err(), "nobody brought an answer");
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_the_way_out() {
    let other = Listener::bind(0).await.unwrap();
    let error = Listener::bind(other.port()).await.unwrap_err();
    assert!(matches!(error, CallbackError::Taken { port } if port == other.port()));
    assert!(error.to_string().contains("\nhint: choose another with --port"), "{error}");
}

#[test]
fn only_a_get_of_the_one_path_has_a_query() {
    for (head, query) in [
        ("GET /?a=b HTTP/1.1\r\nHost: x\r\n\r\n", Some("a=b")),
        ("GET / HTTP/1.1\r\n\r\n", None),
        ("POST /?a=b HTTP/1.1\r\n\r\n", None),
        ("GET /x?a=b HTTP/1.1\r\n\r\n", None),
        ("GET http://127.0.0.1/?a=b HTTP/1.1\r\n\r\n", None),
        ("GET /?a=b\r\n\r\n", None),
        ("\r\n\r\n", None),
    ] {
        assert_eq!(query_of(head.as_bytes()).as_deref(), query, "{head:?}");
    }
}
