//! The token endpoint: code exchange, refresh and revocation, each with the limiter's leave.
//!
//! Owns: the typed requests and the classing of their failures. Invariant: no request without a permit of
//! [`Class::Token`]; no answer's body in an error. May import: `limiter`, `media`, `secret`, `clock`.
//! Tests: `authorizer/tests.rs` drives it over a socket.

use oauth2::basic::{BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, ExtraTokenFields,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use url::form_urlencoded;

use crate::auth::client_secret::ClientSecret;
use crate::auth::http::{HttpFault, TokenHttp};
use crate::auth::refusal::{Refusal, Verdict};
use crate::auth::token_file::is_sendable;
use crate::limiter::{Class, Limiter, Parked, Throttle};
use crate::media::LibraryName;
use crate::secret::Secret;

/// What Google adds to an OAuth answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GoogleFields {
    #[serde(default)]
    refresh_token_expires_in: Option<u64>,
}

impl ExtraTokenFields for GoogleFields {}

type Answer = StandardTokenResponse<GoogleFields, BasicTokenType>;

/// The protocol crate's client, with Google's answers and errors.
pub(crate) type OauthClient = oauth2::Client<
    Refusal,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    Refusal,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The token endpoint for one library; clones share the limiter.
#[derive(Clone, Debug)]
pub(crate) struct TokenEndpoint {
    library: LibraryName,
    client: Arc<ClientSecret>,
    http: TokenHttp,
    limiter: Limiter,
}

/// An answer with tokens.
#[derive(Clone, Debug)]
pub(crate) struct TokenAnswer {
    /// The access token.
    pub(crate) access_token: Secret,
    /// The refresh token: on login, or when it was rotated.
    pub(crate) refresh_token: Option<Secret>,
    /// Lifetime of the access token, seconds.
    pub(crate) expires_in: Option<u64>,
    /// What is left of the refresh token's life, seconds; none: no end is known.
    pub(crate) refresh_token_expires_in: Option<u64>,
    /// The scopes granted; none: those asked for.
    pub(crate) scope: Option<Vec<String>>,
}

/// How a revocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// Revoked now.
    Now,
    /// It was dead already.
    Before,
}

/// Why the token endpoint gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndpointError {
    /// Refused, and asking again is useless.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Refused for quota.
    #[error("too many requests")]
    Throttled(Throttle),
    /// A passing fault.
    #[error("{reason}")]
    Transient {
        /// What went wrong.
        reason: String,
        /// Whether the server answered at all.
        answered: bool,
    },
    /// The limiter gives no leave.
    #[error(transparent)]
    Parked(#[from] Parked),
}

/// The protocol client of `secret`, whose credentials go into the body, as Google documents it.
pub(crate) fn oauth_client(secret: &ClientSecret) -> OauthClient {
    oauth2::Client::new(ClientId::new(secret.id.clone()))
        .set_client_secret(oauth2::ClientSecret::new(secret.secret.expose().to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(AuthUrl::from_url(secret.auth_uri.clone()))
        .set_token_uri(TokenUrl::from_url(secret.token_uri.clone()))
}

// === impl TokenEndpoint ===

impl TokenEndpoint {
    /// The endpoint of `client` for `library`.
    pub(crate) fn new(
        library: LibraryName,
        client: Arc<ClientSecret>,
        http: reqwest::Client,
        limiter: Limiter,
    ) -> Self {
        Self { library, client, http: TokenHttp(http), limiter }
    }

    /// The limiter that paces it.
    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The OAuth application.
    pub(crate) fn client(&self) -> &ClientSecret {
        &self.client
    }

    /// A new access token for `refresh_token`.
    pub(crate) async fn refresh(&self, refresh_token: &Secret) -> Result<TokenAnswer, EndpointError> {
        let client = oauth_client(&self.client);
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let ask = async {
            let answer = client.exchange_refresh_token(&token).request_async(&self.http).await;
            answer.map_err(EndpointError::from).and_then(TokenAnswer::try_from)
        };
        self.paced(ask).await
    }

    /// The first tokens, for the `code` that the browser brought to `redirect`.
    pub(crate) async fn exchange(
        &self,
        code: &Secret,
        verifier: &Secret,
        redirect: &RedirectUrl,
    ) -> Result<TokenAnswer, EndpointError> {
        let client = oauth_client(&self.client).set_redirect_uri(redirect.clone());
        let ask = async {
            let answer = client
                .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
                .request_async(&self.http)
                .await;
            answer.map_err(EndpointError::from).and_then(TokenAnswer::try_from)
        };
        self.paced(ask).await
    }

    /// Revokes `token` and with it the whole consent.
    pub(crate) async fn revoke(&self, token: &Secret) -> Result<Revoked, EndpointError> {
        match self.paced(self.ask_revoke(token)).await {
            Err(EndpointError::Refused(refusal)) if refusal.is_already_revoked() => Ok(Revoked::Before),
            Ok(()) => Ok(Revoked::Now),
            Err(error) => Err(error),
        }
    }

    // The protocol crate refuses to revoke over plain http even on loopback, so this request is made here.
    async fn ask_revoke(&self, token: &Secret) -> Result<(), EndpointError> {
        let body =
            form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
        let request = oauth2::http::Request::post(self.client.revoke_uri().as_str())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into_bytes())
            .map_err(|error| EndpointError::Transient { reason: error.to_string(), answered: false })?;
        let answer = self.http.post(request).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(match serde_json::from_slice::<Refusal>(answer.body()) {
            Ok(refusal) if refusal.verdict() == Verdict::Throttled => {
                EndpointError::Throttled(Throttle::default())
            }
            Ok(refusal) => EndpointError::Refused(refusal),
            Err(_) => odd(format!("HTTP status {}", answer.status().as_u16())),
        })
    }

    /// Makes one request with the limiter's leave, and tells the limiter how it was answered.
    async fn paced<T>(
        &self,
        ask: impl Future<Output = Result<T, EndpointError>>,
    ) -> Result<T, EndpointError> {
        let permit = self.limiter.acquire(Class::Token, &self.library).await?;
        let result = ask.await;
        match &result {
            Ok(_) | Err(EndpointError::Refused(_) | EndpointError::Transient { answered: true, .. }) => {
                permit.admitted();
            }
            Err(EndpointError::Throttled(throttle)) => permit.throttled(throttle),
            // Untold: whether the request arrived is unknown.
            Err(EndpointError::Transient { answered: false, .. } | EndpointError::Parked(_)) => drop(permit),
        }
        result
    }
}

// === impl EndpointError ===

impl EndpointError {
    /// Whether asking again later is useless.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Why a login of `library` with the client secret at `client` got no tokens, with a hint.
    pub(crate) fn reason_for(&self, library: &LibraryName, client: &Path) -> String {
        match self {
            // At a login it is the code that is refused; there is no refresh token yet.
            Self::Refused(refusal) if refusal.code() == "invalid_grant" => format!(
                "Google does not accept the code: {refusal}; it was used before, or is too old\nhint: gphotos-syncd login {library}"
            ),
            Self::Refused(refusal) => refusal.reason(library, client),
            Self::Throttled(_) | Self::Transient { .. } | Self::Parked(_) => {
                format!("{self}\nhint: gphotos-syncd login {library}")
            }
        }
    }
}

fn odd(reason: String) -> EndpointError {
    EndpointError::Transient { reason, answered: true }
}

impl From<HttpFault> for EndpointError {
    fn from(fault: HttpFault) -> Self {
        match fault {
            HttpFault::Unanswered(reason) => Self::Transient { reason, answered: false },
            HttpFault::Odd(reason) => odd(reason),
            HttpFault::Throttled(throttle) => Self::Throttled(throttle),
        }
    }
}

impl From<RequestTokenError<HttpFault, Refusal>> for EndpointError {
    fn from(error: RequestTokenError<HttpFault, Refusal>) -> Self {
        match error {
            RequestTokenError::ServerResponse(refusal) => match refusal.verdict() {
                Verdict::NeedsLogin => Self::Refused(refusal),
                Verdict::Throttled => Self::Throttled(Throttle::default()),
                Verdict::Passing => odd(format!("the token endpoint answers {refusal}")),
            },
            RequestTokenError::Request(fault) => fault.into(),
            // The body is left out, because it may hold a token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                odd("the answer of the token endpoint is not OAuth's JSON".to_owned())
            }
        }
    }
}

impl TryFrom<Answer> for TokenAnswer {
    type Error = EndpointError;

    fn try_from(answer: Answer) -> Result<Self, EndpointError> {
        let access_token = Secret::new(answer.access_token().secret().as_str());
        if !is_sendable(access_token.expose()) {
            return Err(odd("the answer of the token endpoint has an unusable access token".to_owned()));
        }
        let refresh_token = answer.refresh_token().map(|token| Secret::new(token.secret().as_str()));
        Ok(Self {
            access_token,
            refresh_token: refresh_token.filter(|token| !token.is_empty()),
            expires_in: answer.expires_in().map(|span| span.as_secs()),
            refresh_token_expires_in: answer.extra_fields().refresh_token_expires_in,
            scope: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        })
    }
}
