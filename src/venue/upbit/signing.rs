//! Proof of who asks: [`Signer`] makes the token (JWT) of a request, [`verify`] is the venue's side of it, for the emulator.
//!
//! The token says who (`access_key`), that it is a new one (`nonce`), and over which parameters (`query_hash`, the SHA-512 of
//! [`Parameters::text`](super::wire::rest::Parameters::text)). It carries no time. Source: fact sheet U2; its vectors are the
//! tests. Hashes
//! are ring's, which the TLS of this program rests on already: no further crate.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use serde::Deserialize;

use crate::venue::secret::{Credentials, Secret};

/// How a token is signed. The documents recommend HS512; the official SDK signs HS256; the venue takes both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-512.
    #[default]
    Hs512,
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Algorithm::Hs256 => "HS256",
            Algorithm::Hs512 => "HS512",
        }
    }

    const fn of_ring(self) -> hmac::Algorithm {
        match self {
            Algorithm::Hs256 => hmac::HMAC_SHA256,
            Algorithm::Hs512 => hmac::HMAC_SHA512,
        }
    }
}

/// Signs requests of one account. Shows none of its keys.
#[derive(Clone)]
pub struct Signer {
    access_key: Secret,
    key: hmac::Key,
    algorithm: Algorithm,
    random: SystemRandom,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.algorithm.name())
    }
}

/// The system's source of random numbers failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers from the system: a request cannot be signed without a fresh nonce")]
pub struct NoRandom;

impl Signer {
    /// A signer for these keys.
    pub fn new(credentials: &Credentials, algorithm: Algorithm) -> Self {
        let key = hmac::Key::new(algorithm.of_ring(), credentials.secret.expose().as_bytes());
        Signer { access_key: credentials.key.clone(), key, algorithm, random: SystemRandom::new() }
    }

    /// The value of the header `Authorization` for a request over `parameters` (empty for none), with a nonce never used before.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn authorization(&self, parameters: &str) -> Result<Secret, NoRandom> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes).map_err(|_| NoRandom)?;
        Ok(Secret::new(format!("Bearer {}", self.token(&uuid(bytes), parameters))))
    }

    /// A token with a given nonce.
    fn token(&self, nonce: &str, parameters: &str) -> String {
        let text = |text: &str| serde_json::json!(text);
        let mut claims = format!("{{\"access_key\":{},\"nonce\":{}", text(self.access_key.expose()), text(nonce));
        if !parameters.is_empty() {
            // Writing into a String cannot fail.
            let _ = write!(claims, ",\"query_hash\":\"{}\",\"query_hash_alg\":\"SHA512\"", query_hash(parameters));
        }
        claims.push('}');
        let header = format!("{{\"alg\":\"{}\",\"typ\":\"JWT\"}}", self.algorithm.name());
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// SHA-512 of the parameters' text, lower-case hex.
pub fn query_hash(parameters: &str) -> String {
    let hash = digest::digest(&digest::SHA512, parameters.as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(128), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Random bytes as a UUID of version 4.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        let separator = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(text, "{separator}{byte:02x}");
    }
    text
}

/// What a token that is right says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Whose key.
    pub access_key: String,
    /// Used once.
    pub nonce: String,
    #[serde(default)]
    query_hash: Option<String>,
    #[serde(default)]
    query_hash_alg: Option<String>,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// There is none, or it is not of three parts.
    Missing,
    /// Of no account.
    UnknownKey,
    /// The signature, or something within it, is wrong.
    Wrong,
    /// The hash is not that of the parameters.
    WrongQuery,
}

impl TokenFault {
    /// As the venue names it.
    pub const fn name(self) -> &'static str {
        match self {
            TokenFault::Missing => "no_authorization_token",
            TokenFault::UnknownKey => "invalid_access_key",
            TokenFault::Wrong => "jwt_verification",
            TokenFault::WrongQuery => "invalid_query_payload",
        }
    }
}

/// The venue's side: reads the header `Authorization` of a request over `parameters` (empty for none) and checks it with the
/// secret of
/// its key, which `secret_of` knows. Whether the nonce was used before is the caller's to know.
///
/// # Errors
/// Why it is not taken.
pub fn verify<'s>(
    authorization: Option<&str>,
    parameters: &str,
    secret_of: impl Fn(&str) -> Option<&'s Secret>,
) -> Result<Claims, TokenFault> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let token = authorization.and_then(|text| text.strip_prefix("Bearer ")).ok_or(TokenFault::Missing)?;
    let (signed, signature) = token.trim().rsplit_once('.').ok_or(TokenFault::Missing)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenFault::Missing)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Wrong);
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| TokenFault::Wrong)?;
    let claims: Claims = serde_json::from_slice(&decoded(claims)?).map_err(|_| TokenFault::Wrong)?;
    let algorithm = [Algorithm::Hs256, Algorithm::Hs512].into_iter().find(|known| known.name() == header.alg);
    let algorithm = algorithm.ok_or(TokenFault::Wrong)?;
    let secret = secret_of(&claims.access_key).ok_or(TokenFault::UnknownKey)?;
    let key = hmac::Key::new(algorithm.of_ring(), secret.expose().as_bytes());
    hmac::verify(&key, signed.as_bytes(), &decoded(signature)?).map_err(|_| TokenFault::Wrong)?;
    let hash = (!parameters.is_empty()).then(|| query_hash(parameters));
    let is_right = claims.query_hash == hash && (hash.is_none() || claims.query_hash_alg.as_deref() == Some("SHA512"));
    if is_right { Ok(claims) } else { Err(TokenFault::WrongQuery) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: &str = "market=KRW-BTC&side=bid&volume=0.001&price=90000000&ord_type=limit";

    fn credentials() -> Credentials {
        Credentials { key: Secret::new("demo-access"), secret: Secret::new(["demo-secret"; 6].join("-")) }
    }

    fn nonce(number: u32) -> String {
        format!("00000000-0000-4000-8000-{number:012}")
    }

    #[test]
    fn the_vectors_of_the_fact_sheet() {
        assert_eq!(
            query_hash(PARAMETERS),
            "a8be2457179cea1e6846b17fe0f2865862ceeed80692ea68fc6becf4e65ee412c585e22d7687e9ec1d358d6e21da2448521b7d5301d33a3bfe876c22fec6de43"
        );
        assert_eq!(
            query_hash("states[]=wait&states[]=watch&limit=10"),
            "052aaafddcbb21e93c368f8d8145cbd0c954cc9a165a3ba63915e73efc3e41849087c8b5394c015b42a8be07ea1f1603548dae4d0eb3c7778f425207e703ac39"
        );
        let signature = |algorithm, number, parameters: &str| {
            let token = Signer::new(&credentials(), algorithm).token(&nonce(number), parameters);
            token.rsplit_once('.').map(|(_, signature)| signature.to_owned())
        };
        let (hs256, hs512) = (Algorithm::Hs256, Algorithm::Hs512);
        assert_eq!(signature(hs256, 1, PARAMETERS).as_deref(), Some("xyQzuhNRbBJ_zHWRohAA5hXE8xEFMYEOIk_APiEUPDU"));
        assert_eq!(
            signature(hs512, 1, PARAMETERS).as_deref(),
            Some("8LKCKAut8aZF_nkLtLCAy1IIDrZ_rOBgL3p19h2i2jSttM5sectjTj4A8qElnSddd2RBL0sHkCTHwZ7ytijuPQ")
        );
        assert_eq!(signature(hs256, 2, "").as_deref(), Some("OItuld3oimJITM4BaTLwt7reLDQ0dqISy41AyBDkRow"));
    }

    #[test]
    fn the_venue_takes_what_is_right_and_nothing_else() {
        let ours = credentials();
        let secret_of = |key: &str| (key == "demo-access").then_some(&ours.secret);
        for algorithm in [Algorithm::Hs256, Algorithm::Hs512] {
            let signer = Signer::new(&ours, algorithm);
            let header = signer.authorization(PARAMETERS).expect("random numbers");
            let claims = verify(Some(header.expose()), PARAMETERS, secret_of).expect("a right token");
            assert_eq!((claims.access_key.as_str(), claims.nonce.len(), &claims.nonce[14..15]), ("demo-access", 36, "4"));
            let next = signer.authorization(PARAMETERS).expect("random numbers");
            assert_ne!(verify(Some(next.expose()), PARAMETERS, secret_of).expect("right").nonce, claims.nonce);
            let fault = |text: &str, parameters| verify(Some(text), parameters, secret_of).expect_err("not taken").name();
            assert_eq!(fault(header.expose(), "market=KRW-ETH"), "invalid_query_payload");
            assert_eq!(fault(header.expose(), ""), "invalid_query_payload");
            assert_eq!(fault(&header.expose()[..header.expose().len() - 8], PARAMETERS), "jwt_verification");
            assert_eq!(fault("Basic x", PARAMETERS), "no_authorization_token");
            assert_eq!(fault("Bearer a.b", PARAMETERS), "no_authorization_token");
            assert_eq!(fault("Bearer a.b.c", PARAMETERS), "jwt_verification");
            assert_eq!(verify(Some(header.expose()), PARAMETERS, |_| None), Err(TokenFault::UnknownKey));
        }
        assert_eq!(verify(None, "", secret_of), Err(TokenFault::Missing));
        // Signed by another secret, or by none.
        let other = Credentials { secret: Secret::new("other"), ..credentials() };
        let forged = Signer::new(&other, Algorithm::Hs512).token(&nonce(3), "");
        assert_eq!(verify(Some(&format!("Bearer {forged}")), "", secret_of), Err(TokenFault::Wrong));
        let unsigned = format!(
            "Bearer {}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"access_key":"demo-access","nonce":"n"}"#)
        );
        assert_eq!(verify(Some(&unsigned), "", secret_of), Err(TokenFault::Wrong));
    }

    #[test]
    fn nothing_is_shown() {
        let signer = Signer::new(&credentials(), Algorithm::Hs512);
        assert_eq!(format!("{signer:?}"), "Signer(HS512)");
        let header = signer.authorization("").expect("random numbers");
        assert_eq!(format!("{header:?}"), "[secret]");
    }
}
