//! Brackets among tokens: which one closes which.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Open,
    Close,
}

/// What the first byte of a token of punctuation is.
pub(super) fn of(byte: u8) -> Option<Bracket> {
    match byte {
        b'(' | b'[' | b'{' => Some(Bracket::Open),
        b')' | b']' | b'}' => Some(Bracket::Close),
        _ => None,
    }
}

/// The token that closes the first of these brackets. Other punctuation may be among them; each has
/// its token and its first byte.
pub(super) fn closing(brackets: impl Iterator<Item = (usize, u8)>) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in brackets {
        match of(byte) {
            Some(Bracket::Open) => depth += 1,
            Some(Bracket::Close) => depth = depth.saturating_sub(1),
            None => continue,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// A bracket that nothing closes, or that closes nothing: its token.
pub(super) fn unbalanced(brackets: impl Iterator<Item = (usize, u8)>) -> Option<usize> {
    let mut open = Vec::new();
    for (at, byte) in brackets {
        match of(byte) {
            Some(Bracket::Close) => {}
            Some(Bracket::Open) => {
                open.push((at, byte));
                continue;
            }
            None => continue,
        }
        let last = open.pop().map(|(_, byte)| byte);
        if !matches!((last, byte), (Some(b'('), b')') | (Some(b'['), b']') | (Some(b'{'), b'}')) {
            return Some(at);
        }
    }
    open.pop().map(|(at, _)| at)
}
