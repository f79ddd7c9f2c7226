//! A stateful simulator of the Google services that gphotos-syncd talks to, on real sockets.
//!
//! One [`FakeGoogle`] is accounts.google.com, oauth2.googleapis.com, photoslibrary.googleapis.com and
//! lh3.googleusercontent.com and the Drive API of www.googleapis.com at once, on a loopback port of its own, with its own thread and clock.
//! Accounts, items and albums can change while it runs; quotas and faults are asked for by tests; what
//! clients did is counted by the server itself. The same is offered over HTTP under `/_control/` for
//! shell scripts, and as the program `fake-google`.
//!
//! ```no_run
//! # async fn example() {
//! use fake_google::{Effect, Endpoint, FakeGoogle, Fault, ItemSpec, Settings};
//!
//! let google = FakeGoogle::start(Settings::default()).await;
//! let alice = google.account("alice");
//! let photo = alice.add_photo(ItemSpec::named("beach.jpg").created("2024-07-01T10:00:00Z"));
//! alice.add_album("Summer", &[&photo]);
//! google.fault(Fault::on(&[Endpoint::Media], Effect::Truncate { bytes: 100 }).item(photo).once());
//! std::fs::write("client_secret.json", google.client_secret_json()).unwrap();
//! std::fs::write(".gphotos.token", google.token_json("alice")).unwrap();
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod archive;
mod body;
mod clock;
mod content;
mod control;
mod data;
mod drive;
mod endpoint;
mod fake;
mod faults;
mod front;
mod library;
pub mod media;
mod media_host;
mod oauth;
mod quota;
mod reply;
mod rng;
mod server;
mod settings;
mod stats;
pub mod takeout;
mod tls;
mod user;
mod world;

pub use crate::content::{Content, Magic};
pub use crate::data::{Field, ItemKind, ItemSpec, Synthetic, Truth, TruthAlbum, TruthItem, VideoStatus};
pub use crate::drive::{Drive, DriveFile, DriveTruth};
pub use crate::endpoint::Endpoint;
pub use crate::fake::FakeGoogle;
pub use crate::faults::{Effect, Fault, FaultId};
pub use crate::oauth::Consent;
pub use crate::settings::{
    Class, OAuthSettings, Quota, RangeMode, RetryAfter, SCOPE_APP_CREATED, SCOPE_DRIVE, SCOPE_DRIVE_FILE,
    SCOPE_DRIVE_METADATA, SCOPE_DRIVE_READONLY, SCOPE_FULL, SCOPE_READONLY, Settings, Window,
};
pub use crate::stats::{ClassStats, Logged, Stats};
pub use crate::user::User;

#[cfg(test)]
mod tests;
