//! Tokens of IR text.

/// A token of IR text.
#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    /// A word; dots belong to it: `ks.load`, `.bss`.
    Word(String),
    /// `%7`
    Value(u32),
    /// `@name`
    Symbol(String),
    /// `^3`, or `^` alone
    Block(Option<u32>),
    Int(i128),
    /// Bytes after escapes.
    Str(Vec<u8>),
    /// One of `{ } ( ) [ ] < > : , = ?` or `->`
    Punct(&'static str),
    End,
}

/// A token and its byte range in the text.
pub struct Lexed {
    pub token: Token,
    pub lo: usize,
    pub hi: usize,
}

const PUNCTUATION: [&str; 13] = ["->", "{", "}", "(", ")", "[", "]", "<", ">", ":", ",", "=", "?"];

/// All tokens, the last one `End`; or where and why not.
pub fn lex(text: &str) -> Result<Vec<Lexed>, (usize, String)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let lo = at;
        let token = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = text[at..].find('\n').map_or(bytes.len(), |n| at + n);
                continue;
            }
            b'"' => string(bytes, &mut at)?,
            b'%' => {
                at += 1;
                let digits = take(bytes, &mut at, |b| b.is_ascii_digit());
                Token::Value(number(digits, lo)?)
            }
            b'^' => {
                at += 1;
                let digits = take(bytes, &mut at, |b| b.is_ascii_digit());
                Token::Block(if digits.is_empty() { None } else { Some(number(digits, lo)?) })
            }
            b'@' => {
                at += 1;
                Token::Symbol(take(bytes, &mut at, is_word).to_owned())
            }
            b'0'..=b'9' => Token::Int(number(take(bytes, &mut at, |b| b.is_ascii_digit()), lo)?),
            b'-' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                at += 1;
                let value: i128 = number(take(bytes, &mut at, |b| b.is_ascii_digit()), lo)?;
                Token::Int(-value)
            }
            byte if is_word(byte) && byte != b'-' => Token::Word(take(bytes, &mut at, is_word).to_owned()),
            _ => match PUNCTUATION.iter().find(|p| text[at..].starts_with(**p)) {
                Some(punct) => {
                    at += punct.len();
                    Token::Punct(punct)
                }
                None => return Err((at, "this character has no meaning in IR text".into())),
            },
        };
        tokens.push(Lexed { token, lo, hi: at });
    }
    tokens.push(Lexed { token: Token::End, lo: bytes.len(), hi: bytes.len() });
    Ok(tokens)
}

/// Pass names hold dashes (`to-cf`), so words do.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, fits: impl Fn(u8) -> bool) -> &'a str {
    let lo = *at;
    while *at < bytes.len() && fits(bytes[*at]) {
        *at += 1;
    }
    // All that `fits` takes is ASCII.
    std::str::from_utf8(&bytes[lo..*at]).unwrap_or_default()
}

fn number<T: std::str::FromStr>(digits: &str, lo: usize) -> Result<T, (usize, String)> {
    digits.parse().map_err(|_| (lo, "a number is expected here, and not too large".to_owned()))
}

fn string(bytes: &[u8], at: &mut usize) -> Result<Token, (usize, String)> {
    let lo = *at;
    let mut out = Vec::new();
    *at += 1;
    loop {
        let Some(&byte) = bytes.get(*at) else {
            return Err((lo, "this string has no closing quote".into()));
        };
        *at += 1;
        match byte {
            b'"' => return Ok(Token::Str(out)),
            b'\\' => {
                let escape = bytes.get(*at).copied().unwrap_or_default();
                *at += 1;
                out.push(match escape {
                    b'n' => b'\n',
                    b'x' => {
                        let hex = bytes.get(*at..*at + 2).and_then(|h| std::str::from_utf8(h).ok());
                        *at += 2;
                        hex.and_then(|h| u8::from_str_radix(h, 16).ok())
                            .ok_or((*at - 4, "`\\x` takes two hexadecimal digits".to_owned()))?
                    }
                    other => other,
                });
            }
            other => out.push(other),
        }
    }
}
