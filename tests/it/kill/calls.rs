//! What a run did to the disk, call by call, read from the log of `strace`.
//!
//! Invariant: a call is taken for done when it returned, and for begun when it was made; what failed did nothing. May use: nothing.

use std::collections::HashMap;

/// The calls that are recorded.
pub(crate) const RECORDED: &str = "openat,openat2,write,pwrite64,lseek,ftruncate,fsync,fdatasync,syncfs,renameat,renameat2,\
                                   unlink,unlinkat,linkat,symlinkat,mkdir,mkdirat";

/// One call that returned well, with the lines of the log on which it began and ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) began: usize,
    pub(crate) ended: usize,
    pub(crate) act: Act,
}

/// What it did. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A file was opened for writing, and made if it was not there.
    Open {
        path: String,
        cut: bool,
    },
    Write {
        path: String,
        offset: u64,
        bytes: Vec<u8>,
    },
    Cut {
        path: String,
        length: u64,
    },
    Sync {
        path: String,
    },
    SyncAll,
    Rename {
        from: String,
        to: String,
    },
    Remove {
        path: String,
    },
    Link {
        from: String,
        to: String,
    },
    Symlink {
        text: String,
        path: String,
    },
    MakeDir {
        path: String,
    },
}

/// Reads a log that was written with `-f -y -xx`.
pub(crate) fn read(log: &str) -> Vec<Call> {
    let mut halves: HashMap<&str, (usize, String)> = HashMap::new();
    let mut positions = HashMap::new();
    let mut calls = Vec::new();
    for (line, text) in log.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(head) = text.strip_suffix(" <unfinished ...>") {
            halves.insert(thread, (line, head.to_owned()));
            continue;
        }
        let (began, whole) = match text.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, rest)) => match halves.remove(thread) {
                Some((began, head)) => (began, head + rest),
                None => continue,
            },
            None => (line, text.to_owned()),
        };
        if let Some(act) = act_of(&whole, &mut positions) {
            calls.push(Call { began, ended: line, act });
        }
    }
    calls
}

/// What one whole line tells; `positions`: where the next byte of each open file goes.
fn act_of(text: &str, positions: &mut HashMap<u64, u64>) -> Option<Act> {
    let (name, rest) = text.split_once('(')?;
    let (args, result) = rest.rsplit_once(" = ")?;
    let result: u64 = result.split(['<', ' ']).next()?.parse().ok()?;
    let args = args.trim_end().strip_suffix(')')?;
    let args = split(args);
    let number = |n: usize| args.get(n)?.split('<').next()?.parse::<u64>().ok();
    let path_at = |dir: usize| Some(join(&opened(args.get(dir)?)?, &string(args.get(dir + 1)?)));
    Some(match name {
        "openat" | "openat2" => {
            positions.insert(result, 0);
            let flags = args.get(2)?;
            let is_written = flags.contains("O_CREAT") || flags.contains("O_TRUNC");
            is_written.then(|| Some(Act::Open { path: path_at(0)?, cut: flags.contains("O_TRUNC") }))??
        }
        "lseek" => {
            positions.insert(number(0)?, result);
            return None;
        }
        "write" => {
            let offset = positions.entry(number(0)?).or_default();
            let at = *offset;
            *offset += result;
            Act::Write { path: opened(args.first()?)?, offset: at, bytes: bytes(args.get(1)?) }
        }
        "pwrite64" => {
            Act::Write { path: opened(args.first()?)?, offset: number(3)?, bytes: bytes(args.get(1)?) }
        }
        "ftruncate" => Act::Cut { path: opened(args.first()?)?, length: number(1)? },
        "fsync" | "fdatasync" => Act::Sync { path: opened(args.first()?)? },
        "syncfs" => Act::SyncAll,
        "renameat" | "renameat2" => Act::Rename { from: path_at(0)?, to: path_at(2)? },
        "unlink" => Act::Remove { path: string(args.first()?) },
        "unlinkat" => Act::Remove { path: path_at(0)? },
        "linkat" => Act::Link { from: path_at(0)?, to: path_at(2)? },
        "symlinkat" => Act::Symlink { text: string(args.first()?), path: path_at(1)? },
        "mkdir" => Act::MakeDir { path: string(args.first()?) },
        "mkdirat" => Act::MakeDir { path: path_at(0)? },
        _ => return None,
    })
}

/// The arguments; every byte of a text is written as `\xNN`, so that a comma is always one between two of them.
fn split(args: &str) -> Vec<&str> {
    args.split(", ").collect()
}

/// The path of an open file, from `7<\x2f...>`.
fn opened(arg: &str) -> Option<String> {
    let (_, rest) = arg.split_once('<')?;
    Some(String::from_utf8_lossy(&unescape(rest.strip_suffix('>')?)).into_owned())
}

fn string(arg: &str) -> String {
    String::from_utf8_lossy(&bytes(arg)).into_owned()
}

fn bytes(arg: &str) -> Vec<u8> {
    unescape(arg.trim_matches('"'))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.strip_prefix(b"x").and_then(|digits| digits.get(..2)).filter(|_| first == b'\\');
        let value = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(value.unwrap_or(first));
        rest = if value.is_some() { &after[3..] } else { after };
    }
    out
}

fn join(dir: &str, name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("{dir}/{name}") }
}

#[test]
fn a_log_is_read_with_calls_of_several_threads_mixed() {
    let log = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\", O_RDWR|O_CREAT, 0640) = 5<\\x2f\\x61>\n\
               7 write(5<\\x2f\\x61>, \"\\x41\\x42\", 2 <unfinished ...>\n\
               8 fsync(5<\\x2f\\x61> <unfinished ...>\n\
               7 <... write resumed>) = 2\n\
               8 <... fsync resumed>) = 0\n\
               7 write(5<\\x2f\\x61>, \"\\x43\", 1) = 1\n\
               7 renameat2(4<\\x2f\\x64>, \"\\x62\", 6<\\x2f\\x65>, \"\\x63\", RENAME_NOREPLACE) = 0\n\
               7 unlinkat(4<\\x2f\\x64>, \"\\x7a\", 0) = -1 ENOENT (No such file or directory)\n";
    let path = || "/a".to_owned();
    let calls = read(log);
    let acts: Vec<Act> = calls.iter().map(|call| call.act.clone()).collect();
    let expected = [
        Act::Open { path: path(), cut: false },
        Act::Write { path: path(), offset: 0, bytes: b"AB".to_vec() },
        Act::Sync { path: path() },
        Act::Write { path: path(), offset: 2, bytes: b"C".to_vec() },
        Act::Rename { from: "/d/b".to_owned(), to: "/e/c".to_owned() },
    ];
    assert_eq!(acts, expected);
    assert_eq!((calls[1].began, calls[1].ended, calls[2].began), (1, 3, 2));
}
