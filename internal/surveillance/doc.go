// Package surveillance says which labels are tested again after they were
// issued (ISO/IEC 17065 7.9), and which labs an operator should ask about. It is
// pure: the caller hands in labels, reports and the log's root hash.
//
// # The draw
//
// Nobody may choose which labels are tested again, and anybody may check that
// nobody did. So a [Plan] is published in the transparency log first: how many
// labels, by which weights, and the size the log has yet to grow to. The root
// hash over exactly that many entries (RFC 6962 2.1) is the seed; it can be
// computed from the log's tiles whether or not a checkpoint was signed at that
// size. Whoever picks the candidates picks the result, so they are not picked:
// they follow from the entries before the plan, by the rule of [Census].
//
// The algorithm, version 1. Its input are the seed (32 bytes), the plan's ID
// (lower-case letters, digits and inner hyphens), the candidates, each a label
// ID and a positive weight, and a number n:
//
//	sort the candidates by label ID, in normal form, as bytes, ascending
//	for k = 0, 1, … until n are drawn or no candidate is left:
//	    W = sum of the weights of the candidates that are left
//	    L = the largest multiple of W that is at most 2^64
//	    for a = 0, 1, …:
//	        ticket = HMAC-SHA-256(key: seed, message:
//	                 "labeld surveillance v1" || 0x00 || plan ID || 0x00 ||
//	                 k as 8 bytes, big-endian || a as 4 bytes, big-endian)
//	        x = the first 8 bytes of ticket, as a big-endian number
//	        until x < L
//	    r = x mod W
//	    drawn[k] = the first candidate left, in order, for which its weight and
//	               the weights of all candidates left before it sum to more than r
//	    remove it from the candidates that are left
//
// Whole numbers only, and sums of at most 2^62, so that every platform and
// language gives the same labels in the same order. Vectors for other
// implementations are in testdata/draw.json.
//
// Each single draw is exactly proportional to the weights of what is left. The
// chance of being among all n is not: a label of twice the weight is drawn less
// than twice as often when a large part of all labels is drawn.
//
// # What the draw does not prevent
//
// Labs, manufacturers and operators cannot know the seed before it exists: it
// hangs on signatures that the service makes. Whoever runs the service and holds
// its keys can. Before they publish the entry that completes the size they could
// sign it again and again, each time with another root hash, until the draw
// suits: keeping one label out of a draw of one in a hundred takes hardly a
// second try, and picking all of forty is beyond anybody. The log does not show
// it. What limits it: candidates and weights are settled before, so that only
// the seed is left to try; the log reaches the size once, and every other
// history of it that was ever shown to anybody convicts; and the entry is mostly
// the label of somebody who waits for it. Witnesses who cosign checkpoints make
// it hurry and do not stop it. A public randomness beacon in the seed would; it
// is not used because the draw would then depend on a service that must still
// answer when an auditor recomputes it years later.
//
// Many plans with one seed, of which only one that suits is drawn, are a choice
// as well. All of them are in the log: a plan whose seed has come and that is
// not drawn is to be asked about, and two of one ID are a forgery.
//
// # Outliers
//
// [Outliers] lists what is odd about labs, worst first, each with its figures.
// A finding is a question to a lab, never a verdict: reports are private to the
// authority, and so are findings. With two labs that differ, each is the other's
// outlier; the figures do not say who is right. One lab that is far off is part of
// what all others are compared with and may take some of them along: begin with
// the first.
package surveillance
