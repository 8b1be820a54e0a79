package web

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gzipMinimum is the least size of a body that is compressed. A smaller one fits a packet
// either way.
const gzipMinimum = 1024

// A gzipForm is a body compressed with gzip, made when it is first asked for.
type gzipForm struct {
	level        int // of compression
	once         sync.Once
	bytes        []byte
	length, etag []string
}

var codingGzip = []string{"gzip"}

// compressible reports whether the type and the size of a body make it worth compressing.
func compressible(typ string, b []byte) bool {
	return len(b) >= gzipMinimum && typ != "image/png" && typ != "image/jpeg" && typ != "application/pdf" && typ != "application/zip" && typ != "application/octet-stream"
}

// zip returns the body compressed, or nil where that does not make it smaller.
// Its entity tag is another: the bytes are (RFC 9110, 8.8.3).
func (b *body) zip() *gzipForm {
	z := b.gzipped
	if z == nil {
		return nil
	}
	z.once.Do(func() {
		if out := deflate(b.bytes, z.level); len(out) < len(b.bytes) {
			z.fill(b, out)
		}
	})
	if z.bytes == nil {
		return nil
	}
	return z
}

// wrap returns the body in the form of gzip without being compressed, for a
// client that takes nothing else.
func (b *body) wrap() *gzipForm {
	z := new(gzipForm)
	z.fill(b, deflate(b.bytes, gzip.NoCompression))
	return z
}

// fill sets what is sent in place of a body.
func (z *gzipForm) fill(b *body, out []byte) {
	z.bytes, z.length = out, []string{strconv.Itoa(len(out))}
	z.etag = []string{strings.TrimSuffix(b.etag[0], `"`) + `-gzip"`}
}

// deflate returns bytes in the form of gzip.
func deflate(b []byte, level int) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		panic(err) // no such level: a mistake in this program
	}
	w.Write(b) // a bytes.Buffer does not fail
	w.Close()
	return out.Bytes()
}

// codings says which forms of a body a client takes.
type codings struct {
	gzip  bool // takes it, and does not prefer the plain form
	plain bool // takes it
}

// acceptedCodings returns what the Accept-Encoding header says (RFC 9110,
// 12.5.3): what names a coding counts before "*", whatever their order. The plain
// form, "identity", is taken unless it is refused. A member with a malformed q
// counts for nothing.
func acceptedCodings(header http.Header) codings {
	fields := header["Accept-Encoding"]
	if len(fields) == 0 {
		return codings{plain: true}
	}
	var zip, plain weight
	for _, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
			coding, params, _ := strings.Cut(part, ";")
			q, ok := quality(params)
			if !ok {
				continue
			}
			switch coding = strings.Trim(coding, " \t"); {
			case coding == "*":
				zip.take(q, 1)
				plain.take(q, 1)
			case strings.EqualFold(coding, "gzip") || strings.EqualFold(coding, "x-gzip"): // the same (8.4.1.3)
				zip.take(q, 2)
			case strings.EqualFold(coding, "identity"):
				plain.take(q, 2)
			}
		}
	}
	return codings{gzip: zip.q > 0 && zip.q >= plain.q, plain: plain.rank == 0 || plain.q > 0}
}
