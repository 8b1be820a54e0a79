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
//	  "type":     "https://labeld.dev/package/v1",
//	  "bundle":   { … },           the Sigstore bundle with the label statement
//	  "device":   "{\"brand\":…}",   the device descriptor, byte for byte
//	  "proof":    "c2sp.org/tlog-proof@v1\n…"   inclusion proof and checkpoint
//	  "statuses": [                all that happened to the label, by number
//	    {"bundle": { … }, "index": 7, "hashes": ["…", …]},
//	    {"omitted": {"action": "advise", "slot": "…", "entry": "…"}},
//	    …
//	  ],
//	  "history": {                 what shows that it is all
//	    "head":  "labels.example.org/log/histories\n…",
//	    "count": 2,
//	    "proof": ["…", "", …]
//	  }
//	}
//
// Its parts are formats of others, so that cosign verifies the bundle against
// the device and any tlog client checks the proof. Every status has its log index
// and its inclusion proof to the same checkpoint (RFC 6962 2.1.1; hashes in
// base64).
//
// A package stays below [label.MaxMessage], however long a label lives. Where its
// history is long, an advise is left out that a later advise of the same advisory
// has replaced; what stays of it is what the digest of the history covers: its
// action, its slot (who published which advisory) and the SHA-256 of its log
// entry, in hexadecimal. Nothing else is ever left out.
//
// History is the proof by the tally of all histories (package tally): the signed
// head of the tally, a checkpoint under the origin that [HistoriesOrigin] gives
// and with the key of the log, whose size is that of the log that it covers; how
// many statements it counts of this label; and the proof of that leaf, from the
// leaf up, with "" for an empty subtree, up to the last that is not empty.
//
// # What is checked
//
// [Trust.Verify] goes through these, in order, and stops at the first that
// fails; [Result.Checks] lists what passed, in words:
//
//  1. signature: an authority key of the trust file signed the label
//     statement, and the key was in use when the label was issued.
//  2. statement: it is an in-toto Statement with a label/v1 predicate, decoded
//     strictly and complete.
//  3. device: its subject is the SHA-256 of the device descriptor, and the
//     label describes that same device.
//  4. log: the exact envelope is an entry of the transparency log, by an
//     inclusion proof to a checkpoint that the log's key signed.
//  5. history: each status is signed, in the log and in its place by number; what
//     was left out may be; and the tally counts exactly these statements, and
//     after them at most such as are newer than it.
//
// Nothing is believed that is dated more than [label.MaxVerifierSkew] after the
// present: log head, tally and status list. Otherwise what is dated far ahead
// would count as fresh until then.
//
// # What can be known offline
//
// The result holds up to [Result.Complete], when the tally was signed, and expiry
// and end of support as of the instant asked for. Of what was said later nothing
// is known, so a label that lives is believed for as long as the trust file allows
// and no longer. A package without the member history, or one that somebody took it
// out of, is genuine, and nobody can tell from it whether the label was revoked a
// day later: [Result.Complete] is zero. A status list that is fresh and has the
// label as valid makes up for that ([Trust.CheckList]); one that is newer than the
// package and has the label as suspended or invalid is believed ([Result.Lost]).
// [Result.Told] says which it is: ask both before a live label is believed.
//
// Nor does a package know that a trade item number of the device was moved to another
// manufacturer since, which is nothing that happened to the label: who holds a label
// against a barcode asks the service.
//
// As of an instant that is past, an advisory is missing whose word was replaced
// and left out; [Result.Omitted] counts those.
package verify
