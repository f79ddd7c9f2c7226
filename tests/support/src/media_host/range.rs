//! The `Range` header.

/// Which bytes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of them: no range, or one that is not understood.
    All,
    /// From the first up to the second, which is not included.
    Part(u64, u64),
    /// Bytes that are not there.
    Nothing,
}

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n` for a body of `len` bytes.
pub(crate) fn read_range(header: Option<&str>, len: u64) -> Asked {
    let Some((first, last)) = header.and_then(|h| h.strip_prefix("bytes=")).and_then(|r| r.split_once('-'))
    else {
        return Asked::All;
    };
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Asked::All,
        (Ok(first), _) if first >= len => Asked::Nothing,
        (Ok(first), Ok(last)) => Asked::Part(first, last.saturating_add(1).min(len)),
        (Ok(first), Err(_)) if last.trim().is_empty() => Asked::Part(first, len),
        (Err(_), Ok(0)) if first.trim().is_empty() => Asked::Nothing,
        (Err(_), Ok(count)) if first.trim().is_empty() && len > 0 => {
            Asked::Part(len.saturating_sub(count), len)
        }
        _ => Asked::All,
    }
}
