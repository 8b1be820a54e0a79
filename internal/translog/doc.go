// Package translog is the mathematics and the text formats of the label log: an
// append-only Merkle tree whose signed head commits the authority to every
// public statement it ever made.
//
// A label that is shown to a shopper but left out of the log, or a revocation
// that was quietly removed, would be invisible from a single page. The log
// makes both show: each label travels with a proof that it is entry i of a
// tree of n, anyone may read all entries, and no later tree can be signed that
// changes an earlier one without leaving two signatures that contradict each
// other.
//
// Everything here follows four C2SP specifications, so that tools others wrote
// can audit the log: c2sp.org/tlog-tiles (what is served), tlog-checkpoint (the
// signed head), tlog-proof (an entry's proof, offline), all over signed-note.
// Hashing is that of RFC 6962 2.1 with SHA-256. The package reads and writes
// nothing. The store commits what [Append] returns; package web serves tiles by
// the arithmetic of [Tile]; package verify calls [Proof.Verify].
//
// # The tree
//
//	leaf hash   SHA-256(0x00 || entry)
//	node hash   SHA-256(0x01 || left || right)
//	root        split at the largest power of two below n; empty: SHA-256("")
//
// What is stored are the hashes of perfect subtrees, each named by a [Node]:
// Level l, position N, over the entries from N·2^l to (N+1)·2^l. A node is
// complete with its last entry and never changes again, so an append writes
// new hashes (on average two for each entry) and rewrites none:
//
//	level 2                 (2,0)
//	                   /             \
//	level 1       (1,0)               (1,1)
//	              /   \               /   \
//	level 0   (0,0)   (0,1)       (0,2)   (0,3)       (0,4)
//	entry       0       1           2       3           4
//
// Five entries have eight stored hashes. The root is not among them: it joins
// the right edge, here (2,0) and (0,4), and changes with each append.
//
// A store keys a hash by level and then N, both big-endian, for instance one
// byte and eight. Then the hashes of a tile are adjacent, and its body is one
// short range scan. The [HashReader] of golang.org/x/mod names the same hashes
// by one number; [NodeAt] converts, and [NodeFunc] wraps a store that can get
// one node.
//
// # Appending
//
// [Append] takes the last committed tree and a batch, and returns the next tree
// with the hashes to store. It reads the right edge of the old tree, at most 62
// hashes in one call, and refuses with [ErrCorrupt] if they do not add up to the
// old root. Cost grows with the batch and hardly with the log.
//
// The order of a commit is fixed: Append, [SignCheckpoint], then entries,
// hashes and checkpoint in one transaction conditional on the old head. A
// checkpoint is a promise as soon as somebody else has it, so one whose commit
// failed is thrown away inside the process. Two trees of one size with two
// roots under one key are the end of that log.
//
// # Checkpoint
//
// Three lines, each ending in a newline, a blank line, and a signature line of
// an Ed25519 key whose name is the origin (c2sp.org/tlog-checkpoint):
//
//	<origin>
//	<size, decimal>
//	<root hash, base64>
//
//	— <key name> <base64 of 4 bytes key ID and 64 bytes signature>
//
// [OpenCheckpoint] also accepts extension lines after the root and signatures by
// others after the log's, because the specification tells clients to ignore
// them. [SignCheckpoint] writes neither.
//
// # Proof
//
// The text form of c2sp.org/tlog-proof: a fixed line, the index, the audit path
// from the leaf's sibling upwards, an empty line and the checkpoint. This is
// the whole proof, made under the key in the example of this package, that
// "two" is the second of the entries "one", "two" and "three":
//
//	c2sp.org/tlog-proof@v1
//	index 1
//	0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=
//	Zx8UbF5HHooag6PCFM5LqQe486WIjRTMjNPOdbsS75Q=
//
//	labels.example/log
//	3
//	Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=
//
//	— labels.example/log p1Qq8zpoKD7ktdnfjw5LppZTuGML7OdS+5IhVcxODcp+2UdD8wTmcymHVd7BeQj86AFZfXbEacqejmSzjLkgRY+v7wQ=
//
// An optional second line "extra <base64>" carries opaque data. No signature
// covers it; we write none and believe none.
//
// # Tiles
//
// The log is served as immutable files under its URL prefix
// (c2sp.org/tlog-tiles), beside the one that changes, "checkpoint":
//
//	tile/<L>/<N>             256 hashes of the tree's level 8·L from 256·N on
//	tile/<L>/<N>.p/<W>       the first W of them, 1 to 255
//	tile/entries/<N>         256 entries from 256·N on, each after its uint16 length
//	tile/entries/<N>.p/<W>   the first W of them
//
// N is written in groups of three digits, x001/x234/067. [ParseTilePath],
// [Tile.Within] the published size, and then [Tile.Nodes] or the entries with
// [AppendBundleEntry] are all that a server does. Tree levels between multiples
// of 8 are not served; clients compute them from the tiles.
//
// # One encoding only
//
// Each parser accepts exactly what its formatter writes: numbers without
// leading zeros, base64 without stray bits, paths with their padding. Changing
// any byte of a verified proof makes it fail, other than in its extra line and
// in signatures by other keys. All input is bounded before it is read (see
// [MaxCheckpoint]); errors from outside bytes are [ErrMalformed] or
// [ErrUnverified].
//
// # What a proof does not say
//
// An operator can show two logs to two audiences, each consistent in itself.
// Witnesses who cosign checkpoints prevent it, and comparing checkpoints
// detects it; a proof alone does neither. Nor does a proof say that a label
// still stands: a revocation is a later entry.
package translog
