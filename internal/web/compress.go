package web

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// leastZipped is the size from which on a body is worth compressing: a smaller
// one fits a packet either way.
const leastZipped = 1024

// zipped is a body compressed with gzip, made when it is first asked for.
type zipped struct {
	once         sync.Once
	bytes        []byte
	length, etag []string
}

var gzipped = []string{"gzip"}

// compressible reports whether a body is of a type and size worth it.
func compressible(typ string, b []byte) bool {
	return len(b) >= leastZipped && typ != "image/png" && typ != "application/pdf" && typ != "application/zip" && typ != "application/octet-stream"
}

// zip returns the body compressed, or nil where that does not make it smaller.
// Its entity tag is another: the bytes are (RFC 9110, 8.8.3).
func (b *body) zip() *zipped {
	b.zipped.once.Do(func() {
		var out bytes.Buffer
		w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			return // no such level: a mistake in this program
		}
		w.Write(b.bytes) // a bytes.Buffer does not fail
		w.Close()
		if out.Len() < len(b.bytes) {
			b.zipped.bytes = out.Bytes()
			b.zipped.length = []string{strconv.Itoa(out.Len())}
			b.zipped.etag = []string{strings.TrimSuffix(b.etag[0], `"`) + `-gzip"`}
		}
	})
	if b.zipped.bytes == nil {
		return nil
	}
	return b.zipped
}

// wantsGzip reports whether a client takes gzip (RFC 9110, 12.5.3).
func wantsGzip(header http.Header) bool {
	for _, field := range header["Accept-Encoding"] {
		for part := range strings.SplitSeq(field, ",") {
			coding, params, _ := strings.Cut(part, ";")
			coding = strings.Trim(coding, " \t")
			if strings.EqualFold(coding, "gzip") || coding == "*" {
				q, ok := quality(params)
				return ok && q > 0
			}
		}
	}
	return false
}
