package translog

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// GenerateKey returns a new Ed25519 key pair for the log named origin, in the
// text forms of c2sp.org/signed-note: skey ("PRIVATE+KEY+origin+id+data", keep
// it secret) for [note.NewSigner], and vkey ("origin+id+data", publish it) for
// [note.NewVerifier]. Unlike [note.GenerateKey] it refuses an origin under
// which nobody could sign or verify.
func GenerateKey(rand io.Reader, origin string) (skey, vkey string, err error) {
	if err := checkOrigin(origin); err != nil {
		return "", "", err
	}
	return note.GenerateKey(rand, origin)
}

// checkOrigin holds origins that we sign under to what is both a checkpoint
// origin and a key name: no Unicode spaces, no plus, and none of the control
// characters that notes forbid (c2sp.org/signed-note, Format).
func checkOrigin(origin string) error {
	bad := func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }
	if origin == "" || len(origin) > MaxOrigin || !utf8.ValidString(origin) || strings.ContainsFunc(origin, bad) {
		return fmt.Errorf("translog: origin %.300q: want the log's URL without scheme, such as example.com/log: 1 to %d bytes, no space, plus or control character", origin, MaxOrigin)
	}
	return nil
}
