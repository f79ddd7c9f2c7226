//! `[google]`: the client secret and the hosts of Google's services.
//!
//! Invariant: an address is https, or http on this host alone. May import: nothing. Tests: `src/config/tests/`.

use std::path::PathBuf;
use url::Url;

use crate::config::fault::{Faults, SourceFile};
use crate::config::file::RawGoogle;
use crate::config::library::path_of;
use crate::config::value::{endpoint, read};

/// Address of the Library API.
const LIBRARY: &str = "https://photoslibrary.googleapis.com";
/// Address of the Picker API.
const PICKER: &str = "https://photospicker.googleapis.com";
/// Address of the Drive API.
const DRIVE: &str = "https://www.googleapis.com";

/// What concerns Google's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Google {
    /// The client secret file that the configuration names, absolute.
    pub client_secret: Option<PathBuf>,
    /// Where the services are.
    pub endpoints: Endpoints,
}

/// Where the services are: Google's own hosts unless the configuration says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Library API; default `https://photoslibrary.googleapis.com`.
    pub library: Url,
    /// Picker API; default `https://photospicker.googleapis.com`.
    pub picker: Url,
    /// Drive API; default `https://www.googleapis.com`.
    pub drive: Url,
}

/// The settings that `raw` makes; none if one of them has a fault.
pub(crate) fn build(raw: &RawGoogle, files: &[SourceFile], faults: &mut Faults) -> Option<Google> {
    let secret = raw.client_secret.as_ref();
    let client_secret =
        read("client-secret", secret, None, faults, |value| path_of(value, secret, files).map(Some));
    let endpoints = &raw.endpoints;
    let mut address = |key: &str, leaf, default: &str| {
        read(key, leaf, Url::parse(default).ok(), faults, |value| endpoint(value).map(Some))
    };
    let library = address("library", endpoints.library.as_ref(), LIBRARY);
    let picker = address("picker", endpoints.picker.as_ref(), PICKER);
    let drive = address("drive", endpoints.drive.as_ref(), DRIVE);
    Some(Google { client_secret, endpoints: Endpoints { library: library?, picker: picker?, drive: drive? } })
}
