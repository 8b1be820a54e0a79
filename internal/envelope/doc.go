// Package envelope stands between untrusted bytes and everything that believes
// them. It opens signed statements, checks their signatures with enrolled keys,
// and hands out a [Verified], which nothing else can make. It also seals
// statements, for the CLI and for the authority.
//
// # What comes in
//
// A signed statement arrives in one of two forms:
//
//   - a bare DSSE envelope (protocol 1.0), a JSON object with payloadType,
//     payload and signatures;
//   - a Sigstore bundle, media type application/vnd.dev.sigstore.bundle.v0.3+json
//     or, as older writers spell it, application/vnd.dev.sigstore.bundle+json with
//     the parameter version=0.3, whose verification material is a public key and
//     whose content is a DSSE envelope. This is what cosign attest-blob writes
//     with a key.
//
// The payload is an in-toto Statement, v0.1 or v1. For envelope, bundle and
// Statement the rules of their specifications hold: members we do not know are
// ignored, a member that is null is absent, base64 may be of the standard or the
// URL alphabet. Two things are stricter, because they let two readers see two
// documents: duplicate members and invalid UTF-8 are refused everywhere. The
// predicate is ours, so there unknown members are refused as well; [Predicate]
// decodes it.
//
// # Opening is in two steps
//
// [Open] parses and believes nothing. What it returns can be asked which keys
// it claims to be signed by and whose word it claims to be, so that the caller
// can find keys to try. [Unverified.Signers] gives a [Verified] for each of them
// that made one of the signatures; [Unverified.Verify] gives the first.
//
// # Several signatures
//
// An envelope has one to four signatures, and they have no order: which of them
// count is for the caller to say, by the keys that it tries. Each key is tried
// with every signature, whatever the signature names as its key. What a
// signature names is a hint, which everybody can write, in a form that every
// tool chooses for itself. A signature that no key tried has made says nothing,
// neither for the statement nor against it.
//
// A statement is known by the SHA-256 of its payload ([Verified.ID]). The
// wrapping does not count: the same statement in a bundle and in a bare
// envelope, or signed again, is the same statement.
//
// # Keys
//
// ECDSA on P-256 and P-384, Ed25519 (plain, and prehashed as cosign 3 signs),
// and RSA of at least 2048 bits with PKCS #1 v1.5 or PSS padding. Signatures
// are checked by sigstore/sigstore. A key's ID is the SHA-256 of its PKIX
// (SubjectPublicKeyInfo) encoding, in hex. Cosign's bundles carry the same
// digest in base64 as a hint; both are read.
//
// Private keys ([LoadSigner]) are PEM files (PKCS #8, SEC 1, PKCS #1), PEM
// files encrypted by cosign, or URIs of a key management system. No KMS client
// is linked in: the four that sigstore offers (AWS, Azure, GCP, HashiCorp
// Vault) would more than double the size of labelctl. Instead every URI whose
// scheme is NAMEkms:// is served by sigstore's plugin protocol: a program
// sigstore-kms-NAME on the PATH.
package envelope
