package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/translog"
)

// An independent client audits the log as it is served.
func TestLogJudged(t *testing.T) {
	w := newWorld(t)
	p := w.camera()
	for i := range translog.TileWidth + 20 {
		w.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number = strconv.Itoa(i) })
	}
	s := httptest.NewServer(w.h)
	defer s.Close()
	root := must[*url.URL](t)(url.Parse(s.URL + "/log/"))
	fetch := must[*client.HTTPFetcher](t)(client.NewHTTPFetcher(root, s.Client()))
	v := must[note.Verifier](t)(note.NewVerifier(w.Trust.Log.VKey))
	if err := fsck.New(labeltest.Origin, v, fetch, leafHashes, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	cp, _, _, err := client.FetchCheckpoint(t.Context(), fetch.ReadCheckpoint, v, labeltest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	if int64(cp.Size) != w.Authority.LogSize() || cp.Size <= translog.TileWidth {
		t.Fatalf("the checkpoint is of %d entries", cp.Size)
	}
	builder := must[*client.ProofBuilder](t)(client.NewProofBuilder(t.Context(), cp.Size, fetch.ReadTile))
	hashes := must[[][]byte](t)(builder.InclusionProof(t.Context(), uint64(p.Index)))
	w.Clock.Set(w.Clock.Now().Add(31 * time.Second)) // the label's own proof follows the log within a heartbeat
	ours := must[translog.Proof](t)(translog.ParseProof(get(w.h, "/l/"+string(p.Label.ID)+"/proof").Body.Bytes()))
	if len(hashes) != len(ours.Hashes) {
		t.Fatalf("the client's proof has %d hashes, ours %d", len(hashes), len(ours.Hashes))
	}
	for i := range hashes {
		if !bytes.Equal(hashes[i], ours.Hashes[i][:]) {
			t.Errorf("hash %d of the proof differs", i)
		}
	}
	for path, cache := range map[string]string{
		"tile/0/000":           "public, max-age=31536000, immutable",
		"tile/entries/000":     "public, max-age=31536000, immutable",
		"tile/0/001.p/2":       anHour,
		"tile/1/000.p/1":       anHour,
		"tile/entries/000.p/9": anHour,
	} {
		rec := get(w.h, "/log/"+path)
		if rec.Code != http.StatusOK || rec.Header().Get("Cache-Control") != cache {
			t.Errorf("%s gives %d, %q", path, rec.Code, rec.Header().Get("Cache-Control"))
		}
		checkAnswer(t, rec)
	}
}

func leafHashes(bundle []byte) (hashes [][]byte, err error) {
	for len(bundle) > 0 {
		var entry []byte
		if entry, bundle, err = translog.ReadBundleEntry(bundle); err != nil {
			return nil, err
		}
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}
