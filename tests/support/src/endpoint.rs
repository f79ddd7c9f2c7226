//! Which of Google's endpoints a request is for.
//!
//! Owns: [`Endpoint`] and the paths. Invariant: host names are not looked at, so that one port can be
//! all of Google. May import: `settings`. Tests: here.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::settings::Class;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// `GET /o/oauth2/auth`: the consent page.
    Auth,
    /// `POST /o/oauth2/consent`: the button on that page.
    ConsentForm,
    /// `POST /token`.
    Token,
    /// `POST /revoke`.
    Revoke,
    /// `GET /oauth2/v3/userinfo`.
    UserInfo,
    /// `GET /tokeninfo`.
    TokenInfo,
    /// `GET /.well-known/openid-configuration`.
    OpenId,
    /// `GET /$discovery/rest`.
    Discovery,
    /// `GET /v1/mediaItems`.
    MediaItemsList,
    /// `GET /v1/mediaItems/{id}`.
    MediaItemsGet,
    /// `GET /v1/mediaItems:batchGet`.
    MediaItemsBatchGet,
    /// `POST /v1/mediaItems:search`.
    MediaItemsSearch,
    /// `GET /v1/albums`.
    AlbumsList,
    /// `GET /v1/albums/{id}`.
    AlbumsGet,
    /// `GET /v1/sharedAlbums...`: dead.
    SharedAlbums,
    /// Bytes.
    Media,
    /// `GET /drive/v3/about`.
    DriveAbout,
    /// `GET /drive/v3/files`.
    DriveFilesList,
    /// `GET /drive/v3/files/{id}`.
    DriveFilesGet,
    /// `GET /drive/v3/files/{id}?alt=media`.
    DriveDownload,
    /// `GET /drive/v3/changes/startPageToken`.
    DriveStartPageToken,
    /// `GET /drive/v3/changes`.
    DriveChanges,
    /// Anything that could change the Drive: counted, refused, and never to be sent.
    DriveWrite,
    /// `/_control/...`: the simulator's own.
    Control,
    /// Nothing that exists.
    Unknown,
}

impl Endpoint {
    /// What `method` on `path` with `query` is for.
    pub(crate) fn of(method: &Method, path: &str, query: &str) -> Self {
        if let Some(rest) = path.strip_prefix("/v1/") {
            return Self::of_library(method, rest);
        }
        for start in ["/drive/v3/", "/upload/drive/", "/batch/drive/"] {
            if let Some(rest) = path.strip_prefix(start) {
                return Self::of_drive(method, rest, query);
            }
        }
        match path {
            "/o/oauth2/auth" | "/o/oauth2/v2/auth" => Self::Auth,
            "/o/oauth2/consent" => Self::ConsentForm,
            "/token" | "/oauth2/v4/token" | "/o/oauth2/token" => Self::Token,
            "/revoke" | "/o/oauth2/revoke" => Self::Revoke,
            "/oauth2/v3/userinfo" | "/oauth2/v2/userinfo" | "/oauth2/v1/userinfo" => Self::UserInfo,
            "/tokeninfo" | "/oauth2/v3/tokeninfo" | "/oauth2/v1/tokeninfo" => Self::TokenInfo,
            "/.well-known/openid-configuration" => Self::OpenId,
            "/$discovery/rest" | "/discovery/v1/apis/photoslibrary/v1/rest" => Self::Discovery,
            _ if path.starts_with("/lh3/") => Self::Media,
            _ if path.starts_with("/_control/") => Self::Control,
            _ => Self::Unknown,
        }
    }

    fn of_library(method: &Method, rest: &str) -> Self {
        let get = method == Method::GET || method == Method::HEAD;
        match rest {
            "userinfo" if get => Self::UserInfo,
            "mediaItems" if get => Self::MediaItemsList,
            "mediaItems:batchGet" if get => Self::MediaItemsBatchGet,
            "mediaItems:search" if method == Method::POST => Self::MediaItemsSearch,
            "albums" if get => Self::AlbumsList,
            _ if rest.starts_with("sharedAlbums") => Self::SharedAlbums,
            _ if rest.ends_with(":share") || rest.ends_with(":unshare") => Self::SharedAlbums,
            _ if get && rest.starts_with("mediaItems/") => Self::MediaItemsGet,
            _ if get && rest.starts_with("albums/") => Self::AlbumsGet,
            _ => Self::Unknown,
        }
    }

    fn of_drive(method: &Method, rest: &str, query: &str) -> Self {
        if method != Method::GET && method != Method::HEAD {
            return Self::DriveWrite;
        }
        match rest {
            "about" => Self::DriveAbout,
            "files" => Self::DriveFilesList,
            "changes" => Self::DriveChanges,
            "changes/startPageToken" => Self::DriveStartPageToken,
            _ if rest.strip_prefix("files/").is_none_or(|id| id.is_empty() || id.contains('/')) => {
                Self::Unknown
            }
            _ if query.split('&').any(|pair| pair == "alt=media") => Self::DriveDownload,
            _ => Self::DriveFilesGet,
        }
    }

    /// What a request costs: one, or Drive's quota units, of its guide "Usage limits".
    pub fn units(self) -> u64 {
        match self {
            Self::DriveAbout | Self::DriveFilesGet | Self::DriveStartPageToken => 5,
            Self::DriveFilesList | Self::DriveChanges => 100,
            Self::DriveDownload => 200,
            Self::DriveWrite => 50,
            Self::Auth
            | Self::ConsentForm
            | Self::Token
            | Self::Revoke
            | Self::UserInfo
            | Self::TokenInfo
            | Self::OpenId
            | Self::Discovery
            | Self::MediaItemsList
            | Self::MediaItemsGet
            | Self::MediaItemsBatchGet
            | Self::MediaItemsSearch
            | Self::AlbumsList
            | Self::AlbumsGet
            | Self::SharedAlbums
            | Self::Media
            | Self::Control
            | Self::Unknown => 1,
        }
    }

    /// Which quota counts it.
    pub fn class(self) -> Class {
        match self {
            Self::Media => Class::Media,
            Self::DriveAbout
            | Self::DriveFilesList
            | Self::DriveFilesGet
            | Self::DriveDownload
            | Self::DriveStartPageToken
            | Self::DriveChanges
            | Self::DriveWrite => Class::Drive,
            Self::Auth
            | Self::ConsentForm
            | Self::Token
            | Self::Revoke
            | Self::UserInfo
            | Self::TokenInfo
            | Self::OpenId
            | Self::Control
            | Self::Discovery => Class::Auth,
            Self::MediaItemsList
            | Self::MediaItemsGet
            | Self::MediaItemsBatchGet
            | Self::MediaItemsSearch
            | Self::AlbumsList
            | Self::AlbumsGet
            | Self::SharedAlbums
            | Self::Unknown => Class::Api,
        }
    }

    /// Whether it answers with a list whose entries a fault can change.
    pub(crate) fn lists(self) -> bool {
        matches!(
            self,
            Self::MediaItemsList
                | Self::MediaItemsSearch
                | Self::MediaItemsBatchGet
                | Self::MediaItemsGet
                | Self::DriveFilesList
        )
    }

    /// Whether its errors are those of the token endpoint.
    pub(crate) fn is_oauth(self) -> bool {
        matches!(self, Self::Token | Self::Revoke)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;
    use http::Method;

    #[test]
    fn each_path_of_google_leads_to_its_endpoint() {
        let table = [
            ("GET", "/o/oauth2/auth", Endpoint::Auth),
            ("GET", "/o/oauth2/v2/auth", Endpoint::Auth),
            ("POST", "/token", Endpoint::Token),
            ("GET", "/v1/mediaItems", Endpoint::MediaItemsList),
            ("GET", "/v1/mediaItems/abc", Endpoint::MediaItemsGet),
            ("GET", "/v1/mediaItems:batchGet", Endpoint::MediaItemsBatchGet),
            ("POST", "/v1/mediaItems:search", Endpoint::MediaItemsSearch),
            ("POST", "/v1/mediaItems", Endpoint::Unknown),
            ("GET", "/v1/albums", Endpoint::AlbumsList),
            ("GET", "/v1/albums/x", Endpoint::AlbumsGet),
            ("POST", "/v1/albums/x:share", Endpoint::SharedAlbums),
            ("GET", "/v1/sharedAlbums", Endpoint::SharedAlbums),
            ("GET", "/$discovery/rest", Endpoint::Discovery),
            ("HEAD", "/lh3/abc=d", Endpoint::Media),
            ("GET", "/drive/v3/about?fields=storageQuota", Endpoint::DriveAbout),
            ("GET", "/drive/v3/files?q=x", Endpoint::DriveFilesList),
            ("GET", "/drive/v3/files/1abc", Endpoint::DriveFilesGet),
            ("GET", "/drive/v3/files/1abc?acknowledgeAbuse=true&alt=media", Endpoint::DriveDownload),
            ("GET", "/drive/v3/changes", Endpoint::DriveChanges),
            ("GET", "/drive/v3/changes/startPageToken", Endpoint::DriveStartPageToken),
            ("GET", "/drive/v3/files/1abc/permissions", Endpoint::Unknown),
            ("PATCH", "/drive/v3/files/1abc", Endpoint::DriveWrite),
            ("POST", "/upload/drive/v3/files", Endpoint::DriveWrite),
            ("DELETE", "/drive/v3/files/trash", Endpoint::DriveWrite),
            ("GET", "/", Endpoint::Unknown),
        ];
        for (method, path, endpoint) in table {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let (bare, query) = path.split_once('?').unwrap_or((path, ""));
            assert_eq!(Endpoint::of(&method, bare, query), endpoint, "{method} {path}");
        }
    }
}
