//! In which keyring the kernel looks for the key of the signer.
//!
//! Environment: `KS_KEYRING`, one of the names below or the number of a keyring, as keyctl(1) shows it. Without it that of the session.

/// A name, the number that the kernel has for it (include/uapi/linux/keyctl.h; the keyrings of the system, include/linux/verification.h),
/// and whether keyctl(1) can add keys to it.
const NAMED: [(&str, i32, Option<&str>); 6] = [
    ("session", -3, Some("@s")),
    ("user", -4, Some("@u")),
    ("user-session", -5, Some("@us")),
    ("builtin", 0, None),
    ("secondary", 1, Some("%:.secondary_trusted_keys")),
    ("platform", 2, None),
];

/// A keyring.
pub struct Keyring {
    pub number: i32,
    /// For messages.
    pub name: String,
    /// What keyctl(1) calls it, if that can add keys.
    pub address: Option<String>,
}

/// The keyring that the environment names; the error is in words.
pub fn chosen() -> Result<Keyring, String> {
    let named = std::env::var("KS_KEYRING").unwrap_or_default();
    keyring(if named.is_empty() { "session" } else { &named })
}

fn keyring(text: &str) -> Result<Keyring, String> {
    if let Some((name, number, address)) = NAMED.iter().find(|(name, ..)| *name == text) {
        let address = address.map(str::to_owned);
        return Ok(Keyring { number: *number, name: format!("keyring `{name}`"), address });
    }
    match text.parse() {
        // Smaller numbers are those of the system.
        Ok(number) if number > 2 => {
            Ok(Keyring { number, name: format!("keyring {number}"), address: Some(text.to_owned()) })
        }
        Ok(_) | Err(_) => {
            let names: Vec<&str> = NAMED.iter().map(|(name, ..)| *name).collect();
            Err(format!("KS_KEYRING={text} is no keyring\n  help: it is {}, or a number", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyrings_by_name_and_number() {
        let number = |text: &str| keyring(text).ok().map(|keyring| keyring.number);
        assert_eq!([number("session"), number("builtin"), number("4711")], [Some(-3), Some(0), Some(4711)]);
        assert_eq!([number("1"), number("-3"), number("nobody")], [None, None, None]);
    }
}
