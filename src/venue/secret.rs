//! Keys of venues: [`Secret`], [`Credentials`]. They come from the environment or from a file only its owner can read, and leave
//! this room only into a signature.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::market::Venue;

/// A text that is never shown: not by `Debug`, not in an error, not in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for a signature or the one header it belongs in.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes the secret out of words that somebody else wrote (an error of a library, a venue's answer).
    pub fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, HIDDEN) }
    }
}

/// What stands for a secret wherever one would be shown.
const HIDDEN: &str = "[secret]";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The two keys a venue gives its customer: Kiwoom's app key and secret key, Upbit's access key and secret key, Binance's API key
/// and secret key (or, for Ed25519, the private key in PEM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Says who we are. Not shown either: with some venues it is half of the proof.
    pub key: Secret,
    /// Proves it.
    pub secret: Secret,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Neither the environment nor a file has them.
    #[error(
        "{venue}: no keys. Set {key} and {secret}, or name a file in the settings: keys = \"FILE\" (of mode 0600, with key = \"…\" and secret = \"…\") \
         · 키가 없습니다. 환경 변수 {key}, {secret}를 설정하거나, 설정의 keys에 그 둘을 적은 파일(권한 0600)을 지정하십시오"
    )]
    Missing {
        /// Whose.
        venue: Venue,
        /// The variable of the key.
        key: String,
        /// The variable of the secret.
        secret: String,
    },
    /// The file cannot be read.
    #[error("{venue}: the file of keys {path}: {error}", path = path.display())]
    Unreadable {
        /// Whose.
        venue: Venue,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others can read the file.
    #[error("{venue}: others can read the file of keys {path} (mode {mode:03o}). Run: chmod 600 {path}", path = path.display())]
    Exposed {
        /// Whose.
        venue: Venue,
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file does not have them. Says nothing of what it has.
    #[error("{venue}: the file of keys {path} is not key = \"…\" and secret = \"…\"", path = path.display())]
    Malformed {
        /// Whose.
        venue: Venue,
        /// The file.
        path: PathBuf,
    },
}

/// A file of keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    key: String,
    secret: String,
}

impl Credentials {
    /// The keys of a venue: from the environment (`JANGBU_KIWOOM_KEY`, `JANGBU_KIWOOM_SECRET`; likewise `UPBIT`, `BINANCE_SPOT`,
    /// `BINANCE_USDM`), else from `file`.
    ///
    /// # Errors
    /// When there are none, or the file is not only its owner's.
    pub fn load(venue: Venue, file: Option<&Path>) -> Result<Self, CredentialsError> {
        Self::load_with(venue, file, &|name| std::env::var(name).ok())
    }

    fn load_with(venue: Venue, file: Option<&Path>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, CredentialsError> {
        let name = venue.name().replace('-', "_").to_ascii_uppercase();
        let names = [format!("JANGBU_{name}_KEY"), format!("JANGBU_{name}_SECRET")];
        let [key, secret] = names.clone().map(|name| variable(&name).filter(|text| !text.trim().is_empty()));
        match (key, secret, file) {
            (Some(key), Some(secret), _) => Ok(Credentials { key: Secret::new(key.trim()), secret: Secret::new(secret.trim()) }),
            (_, _, Some(file)) => Self::read(venue, file),
            _ => {
                let [key, secret] = names;
                Err(CredentialsError::Missing { venue, key, secret })
            }
        }
    }

    fn read(venue: Venue, path: &Path) -> Result<Self, CredentialsError> {
        let unreadable = |error| CredentialsError::Unreadable { venue, path: path.to_owned(), error };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(CredentialsError::Exposed { venue, path: path.to_owned(), mode });
            }
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        // The library's error quotes the text: it is not passed on.
        let keys: KeysFile = toml::from_str(&text).map_err(|_| CredentialsError::Malformed { venue, path: path.to_owned() })?;
        Ok(Credentials { key: Secret::new(keys.key), secret: Secret::new(keys.secret) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn a_secret_is_never_shown() {
        let keys = Credentials { key: Secret::new("CANARY-KEY"), secret: Secret::new("CANARY-SECRET") };
        assert_eq!(format!("{keys:?}"), "Credentials { key: [secret], secret: [secret] }");
        assert_eq!(keys.secret.redact("wrong: CANARY-SECRET!"), "wrong: [secret]!");
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let variable = |name: &str| match name {
            "JANGBU_BINANCE_SPOT_KEY" => Some("k".to_owned()),
            "JANGBU_BINANCE_SPOT_SECRET" => Some(" s\n".to_owned()),
            _ => None,
        };
        let keys = Credentials::load_with(Venue::BinanceSpot, Some(Path::new("/nowhere")), &variable).expect("keys");
        assert_eq!((keys.key.expose(), keys.secret.expose()), ("k", "s"));
        let error = Credentials::load_with(Venue::Upbit, None, &variable).expect_err("none for Upbit").to_string();
        assert!(error.contains("JANGBU_UPBIT_KEY") && error.contains("JANGBU_UPBIT_SECRET"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_others_can_read_is_refused_and_a_bad_one_is_not_quoted() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("kiwoom.toml");
        fs::write(&path, "key = \"a\"\nsecret = \"b\"\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("mode");
        let error = Credentials::load_with(Venue::Kiwoom, Some(&path), &none).expect_err("exposed").to_string();
        assert!(error.contains("644") && error.contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
        let keys = Credentials::load_with(Venue::Kiwoom, Some(&path), &none).expect("keys");
        assert_eq!((keys.key.expose(), keys.secret.expose()), ("a", "b"));
        fs::write(&path, "key = \"a\"\nCANARY").expect("written");
        let error = Credentials::load_with(Venue::Kiwoom, Some(&path), &none).expect_err("malformed").to_string();
        assert!(!error.contains("CANARY"), "{error}");
    }
}
