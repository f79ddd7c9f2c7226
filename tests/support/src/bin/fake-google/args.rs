//! The command line.

use chrono::{DateTime, Utc};
use clap::Parser;
use fake_google::{Class, Quota, SCOPE_APP_CREATED, Window};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A stateful simulator of Google sign-in, the Photos Library API, the media host and the Drive API.
#[derive(Debug, Parser)]
#[command(name = "fake-google")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Serve HTTPS (HTTP/2 and HTTP/1.1) with a certificate of an own CA; see `--write-ca`.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Accounts with made-up items: NAME=COUNT[:SIZE[-SIZE]], sizes in bytes or with k, M.
    #[arg(long, value_delimiter = ',', value_parser = parse_account)]
    pub(crate) accounts: Vec<AccountArg>,
    /// Albums spread over an account: NAME=ALBUMS:ITEMS.
    #[arg(long, value_delimiter = ',', value_parser = parse_albums)]
    pub(crate) albums: Vec<AlbumsArg>,
    /// Fill an account's Drive with the files of a folder, into its folder `Takeout`: NAME=DIR.
    #[arg(long, value_name = "NAME=DIR", value_parser = parse_token)]
    pub(crate) drive: Vec<(String, PathBuf)>,
    /// Every so many-th made-up item is a video; 0: none.
    #[arg(long, default_value_t = 0)]
    pub(crate) video_every: u64,
    /// Made-up items are pictures and clips that viewers can open; sizes are then what they are.
    #[arg(long)]
    pub(crate) real: bool,
    /// The seed of all that is made up.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write the OAuth client file here.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_client_secret: Option<PathBuf>,
    /// Write a token file of an account: NAME=FILE.
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_token)]
    pub(crate) write_token: Vec<(String, PathBuf)>,
    /// Scopes of those tokens.
    #[arg(long, value_delimiter = ' ', default_value = SCOPE_APP_CREATED)]
    pub(crate) scopes: Vec<String>,
    /// Write the CA certificate here.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_ca: Option<PathBuf>,
    /// Write the URL here once it answers.
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,
    /// What the API calls itself, such as `https://photoslibrary.googleapis.com`.
    #[arg(long)]
    pub(crate) api_origin: Option<String>,
    /// What base URLs begin with, such as `https://lh3.googleusercontent.com`.
    #[arg(long)]
    pub(crate) media_origin: Option<String>,
    /// Wait so many milliseconds before each answer.
    #[arg(long = "latency", default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// Do not count Google's daily quotas.
    #[arg(long)]
    pub(crate) no_quota: bool,
    /// A further quota: `api|media|drive=fixed:N/SECS`, `=sliding:N/SECS`, `=bucket:PER_SECOND/BURST`, `=day:N`.
    #[arg(long = "quota", value_parser = parse_quota)]
    pub(crate) quotas: Vec<Quota>,
    /// The scopes closed in 2025 still list everything.
    #[arg(long)]
    pub(crate) legacy_scopes: bool,
    /// Answer 200 to Range requests.
    #[arg(long)]
    pub(crate) no_range: bool,
    /// What is written in place of serving.
    #[command(flatten)]
    pub(crate) export: ExportArgs,
    /// Do not stop when standard input closes.
    #[arg(long)]
    pub(crate) no_stdin: bool,
}

/// What is written in place of serving.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Only write a Google Takeout export of made-up photos into this folder, and print its parts.
    #[arg(long, value_name = "DIR")]
    pub(crate) write_export: Option<PathBuf>,
    /// How many photos the export has.
    #[arg(long, default_value = "1000", value_parser = parse_number, requires = "write_export")]
    pub(crate) items: u64,
    /// Their sizes: SIZE[-SIZE], in bytes or with k, M.
    #[arg(long, default_value = "20k-200k", value_parser = parse_sizes, requires = "write_export")]
    pub(crate) bytes: RangeInclusive<u64>,
    /// In how many parts.
    #[arg(long, default_value_t = 1, requires = "write_export")]
    pub(crate) parts: u32,
    /// Parts are `.tgz`, not `.zip`.
    #[arg(long, requires = "write_export")]
    pub(crate) tgz: bool,
    /// Zip entries are stored, not deflated.
    #[arg(long, requires = "write_export", conflicts_with = "tgz")]
    pub(crate) stored: bool,
    /// Albums of the export: ALBUMS:ITEMS, each copied into a folder.
    #[arg(long, value_parser = parse_export_albums, requires = "write_export")]
    pub(crate) export_albums: Option<(usize, usize)>,
    /// When the export was made.
    #[arg(long, default_value = "2026-04-08T14:27:29Z", value_parser = parse_time, requires = "write_export")]
    pub(crate) stamp: DateTime<Utc>,
    /// Write here, as JSON, what the export holds: parts, entries, and each item with its SHA-256.
    #[arg(long, value_name = "FILE", requires = "write_export")]
    pub(crate) export_truth: Option<PathBuf>,
}

/// `NAME=COUNT[:SIZE[-SIZE]]`
#[derive(Clone, Debug)]
pub(crate) struct AccountArg {
    pub(crate) name: String,
    pub(crate) items: u64,
    pub(crate) bytes: RangeInclusive<u64>,
}

/// `NAME=ALBUMS:ITEMS`
#[derive(Clone, Debug)]
pub(crate) struct AlbumsArg {
    pub(crate) account: String,
    pub(crate) albums: u64,
    pub(crate) each: u64,
}

fn parse_account(text: &str) -> Result<AccountArg, String> {
    let (name, rest) = text.split_once('=').ok_or("expected NAME=COUNT[:SIZE[-SIZE]]")?;
    let (count, sizes) = rest.split_once(':').unwrap_or((rest, "20k-200k"));
    Ok(AccountArg { name: name.to_owned(), items: parse_number(count)?, bytes: parse_sizes(sizes)? })
}

fn parse_sizes(sizes: &str) -> Result<RangeInclusive<u64>, String> {
    let (min, max) = sizes.split_once('-').unwrap_or((sizes, sizes));
    let (max, max_unit) = parse_size(max)?;
    let (min, min_unit) = parse_size(min)?;
    // `20-200k` means kilobytes at both ends.
    let min = if min_unit == 1 { min * max_unit } else { min };
    if min > max {
        return Err(format!("`{sizes}` is upside down"));
    }
    Ok(min..=max)
}

fn parse_size(text: &str) -> Result<(u64, u64), String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    Ok((parse_number(digits)? * unit, unit))
}

fn parse_number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|e| format!("`{text}`: {e}"))
}

fn parse_albums(text: &str) -> Result<AlbumsArg, String> {
    let parts = text.split_once('=').and_then(|(name, rest)| Some((name, rest.split_once(':')?)));
    let (name, (albums, each)) = parts.ok_or("expected NAME=ALBUMS:ITEMS")?;
    Ok(AlbumsArg { account: name.to_owned(), albums: parse_number(albums)?, each: parse_number(each)? })
}

fn parse_export_albums(text: &str) -> Result<(usize, usize), String> {
    let number = |text: &str| text.parse().map_err(|e| format!("`{text}`: {e}"));
    let (albums, each) = text.split_once(':').ok_or("expected ALBUMS:ITEMS")?;
    Ok((number(albums)?, number(each)?))
}

fn parse_time(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse().map_err(|e| format!("`{text}`: {e}"))
}

fn parse_token(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), PathBuf::from(path)))
}

fn parse_quota(text: &str) -> Result<Quota, String> {
    let wrong = || format!("`{text}`: expected api|media|drive=fixed|sliding|bucket|day:...");
    let (class, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (kind, figures) = rest.split_once(':').ok_or_else(wrong)?;
    let (first, second) = figures.split_once('/').unwrap_or((figures, "60"));
    let class = match class {
        "api" => Class::Api,
        "media" => Class::Media,
        "drive" => Class::Drive,
        _ => return Err(wrong()),
    };
    let decimal = |text: &str| text.parse::<f64>().map_err(|e| format!("`{text}`: {e}"));
    let window = match kind {
        "fixed" => Window::Fixed { limit: parse_number(first)?, every_secs: parse_number(second)? },
        "sliding" => Window::Sliding { limit: parse_number(first)?, every_secs: parse_number(second)? },
        "bucket" => Window::Bucket { per_second: decimal(first)?, burst: decimal(second)? },
        "day" => Window::Day { limit: parse_number(first)? },
        _ => return Err(wrong()),
    };
    Ok(Quota::new(class, window))
}

#[cfg(test)]
mod tests {
    use super::{Args, parse_account, parse_quota};
    use clap::{CommandFactory as _, Parser as _};
    use fake_google::Window;

    #[test]
    fn the_command_line_is_sound_and_reads_its_examples() {
        Args::command().debug_assert();
        let args = Args::parse_from(["fake-google", "--accounts", "alice=10000:20-200k,bob=50", "--tls"]);
        assert_eq!(args.accounts[0].bytes, 20_000..=200_000);
        assert_eq!((args.accounts[1].name.as_str(), args.accounts[1].items), ("bob", 50));
    }

    #[test]
    fn an_export_is_asked_for_by_its_own_words() {
        let line =
            "fake-google --write-export out --items 10_000 --bytes 300-700k --parts 3 --export-albums 2:5";
        let args = Args::parse_from(line.split(' ')).export;
        assert_eq!((args.items, args.bytes, args.parts), (10_000, 300_000..=700_000, 3));
        assert_eq!(args.export_albums, Some((2, 5)));
        assert!(Args::try_parse_from(["fake-google", "--items", "5"]).is_err(), "needs --write-export");
    }

    #[test]
    fn sizes_and_quotas_are_read() {
        assert_eq!(parse_account("a=1:5").unwrap().bytes, 5..=5);
        assert!(parse_account("a").is_err());
        let fixed = parse_quota("api=fixed:10/30").unwrap().window;
        assert_eq!(fixed, Window::Fixed { limit: 10, every_secs: 30 });
        assert!(parse_quota("api=odd:1").is_err());
    }
}
