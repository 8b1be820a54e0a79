package translog

// All limits of the package, each with its reason. They are tested at their
// edges in limits_test.go.
const (
	// MaxSize bounds the number of entries of a tree. Above it the index
	// arithmetic of golang.org/x/mod/sumdb/tlog overflows and does not
	// terminate, so a size read from outside must never get there.
	MaxSize = 1<<62 - 1

	// MaxEntry bounds one log entry, in bytes: entry bundles prefix each with
	// a 16-bit length (c2sp.org/tlog-tiles, Log entries).
	MaxEntry = 1<<16 - 1

	// MaxCheckpoint bounds a signed checkpoint, in bytes. Verifiers must take
	// 16 signatures of up to 5 kB (c2sp.org/signed-note, Format), which are
	// 107 kB in base64.
	MaxCheckpoint = 128 << 10

	// MaxExtra bounds the extra data of a proof, in bytes before base64. We
	// write none; the bound keeps the line under the 64 KiB at which common
	// line readers give up.
	MaxExtra = 32 << 10

	// MaxOrigin bounds the origin that we sign under, in bytes: a host name
	// is at most 253, and the origin is repeated in each checkpoint.
	MaxOrigin = 255

	// maxPath bounds an inclusion proof, in hashes: the depth of a tree of
	// MaxSize.
	maxPath = 62

	// maxProof bounds the text of a proof, in bytes: header and index lines,
	// the extra line, the path, the checkpoint.
	maxProof = 128 + (MaxExtra+2)/3*4 + maxPath*(hashText+1) + MaxCheckpoint

	// maxTilePath bounds the path of a tile, in bytes: the longest is
	// "tile/entries/" with six groups of digits and ".p/255".
	maxTilePath = 64

	// hashText is the length of a hash in base64.
	hashText = 44
)
