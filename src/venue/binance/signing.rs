//! Signatures: [`Signer`], HMAC-SHA256 or Ed25519, as the key is. `ring` makes both, and is in the tree for TLS already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::signature::Ed25519KeyPair;

use super::wire::private::Parameters;
use crate::venue::secret::{Credentials, Secret};

/// Signs requests with the account's key. Shows neither key by any means.
pub struct Signer {
    key: Secret,
    how: How,
}

enum How {
    Hmac(hmac::Key),
    Ed25519(Box<Ed25519KeyPair>),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = if matches!(self.how, How::Hmac(_)) { "HMAC-SHA256" } else { "Ed25519" };
        write!(f, "Signer {{ {how} }}")
    }
}

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

impl Signer {
    /// A signer. A secret in PEM is an Ed25519 private key (PKCS#8), any other text an HMAC secret.
    ///
    /// # Errors
    /// A PEM that is no Ed25519 key; the error does not quote it.
    pub fn new(credentials: &Credentials) -> Result<Self, &'static str> {
        let secret = credentials.secret.expose().trim();
        let how = if secret.starts_with("-----BEGIN") {
            How::Ed25519(Box::new(ed25519(secret)?))
        } else {
            How::Hmac(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
        };
        Ok(Signer { key: credentials.key.clone(), how })
    }

    /// The key that says who we are, for its header.
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// The signature of a text: hex for HMAC, base64 for Ed25519.
    pub fn sign(&self, payload: &str) -> String {
        match &self.how {
            How::Hmac(key) => {
                let tag = hmac::sign(key, payload.as_bytes());
                tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
            }
            How::Ed25519(pair) => STANDARD.encode(pair.sign(payload.as_bytes())),
        }
    }

    /// A REST request's query string with its signature last. `signature` is encoded as any other value: base64 has `+` and `/`.
    pub fn signed_query(&self, parameters: Parameters) -> String {
        let payload = parameters.query();
        let mut text = format!("{payload}&signature=");
        super::wire::private::parameters::encode(&self.sign(&payload), &mut text);
        text
    }

    /// A request of the WebSocket API with `apiKey` and `signature` added.
    pub fn signed_params(&self, parameters: Parameters) -> Parameters {
        let parameters = parameters.with("apiKey", self.key.expose());
        let signature = self.sign(&parameters.sorted());
        parameters.with("signature", signature)
    }
}

fn ed25519(pem: &str) -> Result<Ed25519KeyPair, &'static str> {
    const WRONG: &str =
        "the secret is not an Ed25519 private key in PEM (expected PKCS#8, as `openssl genpkey -algorithm ed25519` writes it)";
    let body = pem.strip_prefix(PEM_BEGIN).and_then(|rest| rest.split_once(PEM_END)).ok_or(WRONG)?.0;
    // Environment variables often hold line ends as `\n`.
    let body: String = body.replace("\\n", "").chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(body).map_err(|_| WRONG)?;
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};

    use super::*;

    const SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

    fn signer(key: &str, secret: &str) -> Signer {
        Signer::new(&Credentials { key: Secret::new(key), secret: Secret::new(secret) }).expect("a key")
    }

    fn order(symbol: &str) -> Parameters {
        Parameters::new()
            .with("symbol", symbol)
            .with("side", "BUY")
            .with("type", "LIMIT")
            .with("timeInForce", "GTC")
            .with("quantity", 1)
            .with("price", "0.1")
            .with("recvWindow", 5_000)
            .with("timestamp", 1_499_827_319_559_u64)
    }

    #[test]
    fn the_venues_own_vectors() {
        let signer = signer("vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A", SECRET);
        for (symbol, signature) in [
            ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
            ("１２３４５６", "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),
        ] {
            let query = signer.signed_query(order(symbol));
            assert!(query.ends_with(&format!("&timestamp=1499827319559&signature={signature}")), "{query}");
        }
    }

    #[test]
    fn the_websocket_api_signs_sorted_and_unencoded_text() {
        let parameters = Parameters::new()
            .with("symbol", "BTCUSDT")
            .with("side", "SELL")
            .with("type", "LIMIT")
            .with("timeInForce", "GTC")
            .with("quantity", "0.01000000")
            .with("price", "52000.00")
            .with("newOrderRespType", "ACK")
            .with("recvWindow", 100)
            .with("timestamp", 1_700_000_000_000_u64);
        let signed = signer("demo-key", "demo-secret").signed_params(parameters);
        assert_eq!(signed.get("signature"), Some("8edf4518db83acdd5c946ba56a726f150522729d71d1fbc50fe41b1ffbb657c2"));
        assert_eq!(signed.get("apiKey"), Some("demo-key"));
    }

    #[test]
    fn an_ed25519_key_signs_what_its_public_half_proves() {
        // RFC 8410, section 10.3: the example of a PKCS#8 v1 key.
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let signer = signer("k", pem);
        let How::Ed25519(pair) = &signer.how else { panic!("{signer:?}") };
        // RFC 8410, section 10.1: its public key.
        assert_eq!(STANDARD.encode(pair.public_key()), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
        let query = signer.signed_query(order("LTCBTC"));
        let (payload, signature) = query.split_once("&signature=").expect("signed");
        let signature = signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        let signature = STANDARD.decode(signature).expect("base64");
        let verified = UnparsedPublicKey::new(&ED25519, pair.public_key()).verify(payload.as_bytes(), &signature);
        assert!(verified.is_ok());
        assert!(self::ed25519(&pem.replace('\n', "\\n")).is_ok(), "line ends as an environment variable has them");
    }

    #[test]
    fn a_wrong_key_and_any_key_are_not_shown() {
        let credentials = Credentials {
            key: Secret::new("CANARY-KEY"),
            secret: Secret::new("-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----"),
        };
        let error = Signer::new(&credentials).expect_err("no key");
        assert!(error.contains("PKCS#8") && !error.contains("CANARY"));
        assert_eq!(format!("{:?}", signer("CANARY", "CANARY")), "Signer { HMAC-SHA256 }");
    }
}
