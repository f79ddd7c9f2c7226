//! Which hosts may be asked: the walls of product rule 8.
//!
//! Invariant: pure; plain http goes to loopback only, and the bytes of an item come from media hosts only.
//! May import: `config`. Tests: here.

use url::{Host, Url};

use crate::config::Endpoints;

/// The host of the Library API as Google runs it.
const LIBRARY_HOST: &str = "photoslibrary.googleapis.com";

/// What the host of an item's bytes ends with at Google.
const MEDIA_HOST_SUFFIX: &str = ".googleusercontent.com";

/// Whether the bytes of an item may be fetched from `url`.
///
/// Always from Google's media hosts over https; if the library endpoint is overridden, from the endpoint's own
/// host too, and from any loopback host if the endpoint is on loopback.
pub fn media_host_allowed(url: &Url, endpoints: &Endpoints) -> bool {
    let library = &endpoints.library;
    if !travels_safely(url) {
        return false;
    }
    let google = url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| host.ends_with(MEDIA_HOST_SUFFIX));
    let overridden = library.scheme() != "https" || library.host_str() != Some(LIBRARY_HOST);
    let same_host = overridden && url.host() == library.host();
    let both_loopback = overridden && is_loopback(url) && is_loopback(library);
    google || same_host || both_loopback
}

/// Whether a secret may travel to `url`: https, or plain http that never leaves the machine; no credentials in it.
pub(crate) fn travels_safely(url: &Url) -> bool {
    let scheme_ok = match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    };
    scheme_ok && url.username().is_empty() && url.password().is_none()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, library: &str) -> bool {
        let endpoints = Endpoints {
            library: Url::parse(library).unwrap(),
            picker: Url::parse("https://photospicker.googleapis.com").unwrap(),
            drive: Url::parse("https://www.googleapis.com").unwrap(),
        };
        media_host_allowed(&Url::parse(url).unwrap(), &endpoints)
    }

    #[test]
    fn bytes_come_from_media_hosts_only() {
        const GOOGLE: &str = "https://photoslibrary.googleapis.com";
        const LOCAL: &str = "http://127.0.0.1:8080";
        const PROXY: &str = "https://photos.example.net/google";
        for (url, library, want) in [
            ("https://lh3.googleusercontent.com/lr/AA=d", GOOGLE, true),
            ("https://video-downloads.googleusercontent.com/x", GOOGLE, true),
            ("https://lh3.googleusercontent.com/lr/AA=d", LOCAL, true),
            ("http://lh3.googleusercontent.com/lr/AA=d", GOOGLE, false),
            ("https://lh3.googleusercontent.com:8443/lr/AA=d", GOOGLE, false),
            ("https://googleusercontent.com/x", GOOGLE, false),
            ("https://evilgoogleusercontent.com/x", GOOGLE, false),
            ("https://lh3.googleusercontent.com.evil.example/x", GOOGLE, false),
            ("https://lh3.googleusercontent.com@evil.example/x", GOOGLE, false),
            ("https://user:pw@lh3.googleusercontent.com/x", GOOGLE, false),
            ("https://photoslibrary.googleapis.com/x", GOOGLE, false),
            ("http://127.0.0.1:9/x", GOOGLE, false),
            ("http://169.254.169.254/x", LOCAL, false),
            ("http://127.0.0.1:9/x", LOCAL, true),
            ("http://localhost:9/x", LOCAL, true),
            ("https://[::1]:9/x", LOCAL, true),
            ("http://10.0.0.1:9/x", LOCAL, false),
            ("https://photos.example.net:444/x", PROXY, true),
            ("http://photos.example.net/x", PROXY, false),
            ("http://127.0.0.1/x", PROXY, false),
            ("file:///etc/passwd", LOCAL, false),
            ("ftp://lh3.googleusercontent.com/x", GOOGLE, false),
        ] {
            assert_eq!(allowed(url, library), want, "{url} with {library}");
        }
    }

    #[test]
    fn plain_http_reaches_loopback_only() {
        for (url, want) in [
            ("https://photoslibrary.googleapis.com/v1", true),
            ("http://photoslibrary.googleapis.com/v1", false),
            ("http://127.9.9.9/v1", true),
            ("http://[::1]:1/v1", true),
            ("http://localhost/v1", true),
            ("http://localhost.example/v1", false),
            ("https://token@host.example/v1", false),
        ] {
            assert_eq!(travels_safely(&Url::parse(url).unwrap()), want, "{url}");
        }
    }
}
