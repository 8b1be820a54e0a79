package translog

import (
	"encoding/binary"
	"fmt"
)

// AppendBundleEntry appends an entry to an entry bundle: its length as a
// big-endian uint16, then its bytes (c2sp.org/tlog-tiles, Log entries). An
// entry over [MaxEntry] is [ErrTooLarge].
func AppendBundleEntry(dst, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return nil, fmt.Errorf("%w: entry of %d bytes, the limit is %d", ErrTooLarge, len(entry), MaxEntry)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(entry)))
	return append(dst, entry...), nil
}

// ReadBundleEntry splits the first entry off an entry bundle. Both results
// share the memory of b. Read until rest is empty, and then compare the number
// of entries with the width of the bundle. A bundle that ends inside an entry,
// or before one, is [ErrMalformed].
func ReadBundleEntry(b []byte) (entry, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, malformed("bundle ends inside the length of an entry")
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	if len(b) < n {
		return nil, nil, malformed("bundle ends inside an entry of %d bytes", n)
	}
	// The capacity is cut too, so that appending to an entry cannot write
	// over the next.
	return b[:n:n], b[n:], nil
}
