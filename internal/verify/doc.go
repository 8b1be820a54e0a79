// Package verify checks labels without the service that issued them: no
// network, no private key, nothing to trust but a [Trust] file obtained once.
// The command line, the server's check of its own answers, and the tests all
// use it.
//
// # The package
//
// Everything about one label travels in one JSON document, media type
// application/vnd.labeld.package.v1+json:
//
//	{
//	  "type":   "https://labeld.dev/package/v1",
//	  "bundle": { … },       the Sigstore bundle with the label statement
//	  "device": "{\"brand\":…}",   the device descriptor, byte for byte
//	  "proof":  "c2sp.org/tlog-proof@v1\n…"   inclusion proof and checkpoint
//	}
//
// Its parts are formats of others, so that cosign verifies the bundle against
// the device and any tlog client checks the proof.
//
// # What is checked
//
// [Trust.Verify] goes through these, in order, and stops at the first that
// fails; [Result.Checks] lists what passed, in words:
//
//  1. signature: an authority key of the trust file signed the label
//     statement, and the key was valid when the label was issued.
//  2. statement: it is an in-toto Statement with a label/v1 predicate, decoded
//     strictly and complete.
//  3. device: its subject is the SHA-256 of the device descriptor, and the
//     label describes that same device.
//  4. log: the exact envelope is an entry of the transparency log, by an
//     inclusion proof to a checkpoint that the log's key signed.
//
// What it cannot know offline is what was said later: the result holds as of
// the checkpoint, and expiry and end of support as of the instant asked for.
package verify
