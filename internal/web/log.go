package web

import (
	"errors"
	"net/http"

	"github.com/klauspost/compress/gzip"

	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// tile answers with a tile or an entry bundle of the log (c2sp.org/tlog-tiles).
// Each has exactly one address: another spelling of it, percent-encoded for
// instance, would be cached beside it.
func (h *Handler) tile(w http.ResponseWriter, r *http.Request, path string) {
	t, err := translog.ParseTilePath(path)
	if err != nil || r.URL.RawPath != "" {
		h.noPage(w, r, forPrograms)
		return
	}
	var data []byte
	err = h.a.View(func(v *store.View) (err error) {
		data, err = v.Tile(t)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = label.Errorf(label.NotFound, reasonNoPage, "", "the log does not reach that far; /log/checkpoint tells its size")
	}
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	// A partial tile does not change either, but its full one replaces it.
	cache := cacheHour
	if t.Width == translog.TileWidth {
		cache = cacheForever
	}
	b := newBody("application/octet-stream", data)
	if t.Level == translog.EntriesLevel && len(data) >= gzipMinimum {
		// Entries are text, and hashes cannot be made smaller. A bundle is made for
		// each who asks and may have a megabyte, so it is compressed quickly.
		b.gzipped = &gzipForm{level: gzip.BestSpeed}
	}
	h.send(w, r, b, cache)
}
