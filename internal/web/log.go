package web

import (
	"errors"
	"strings"

	"github.com/klauspost/compress/gzip"

	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// tile answers with a tile or an entry bundle of the log (c2sp.org/tlog-tiles).
// Each has exactly one address: another spelling of it, percent-encoded for
// instance, would be cached beside it.
func (h *auditHandler) tile(x exchange) {
	t, err := translog.ParseTilePath(strings.TrimPrefix(x.r.URL.Path, "/log/"))
	if err != nil || x.r.URL.RawPath != "" {
		x.noPage()
		return
	}
	var data []byte
	err = h.signedLog.View(func(v *store.View) (err error) {
		data, err = v.Tile(t)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = label.Errorf(label.NotFound, reasonNoPage, "", "the log does not reach that far; /log/checkpoint tells its size")
	}
	if err != nil {
		x.fail(err)
		return
	}
	b := newBody("application/octet-stream", data)
	if t.Width < translog.TileWidth {
		b.cache = cacheHour // a partial tile does not change either, but its full one replaces it
	}
	if t.Level == translog.EntriesLevel && len(data) >= gzipMinimum {
		// Entries are text, and hashes cannot be made smaller. A bundle is made for
		// each request and may have a megabyte, so it is compressed quickly.
		b.gzipped = &gzipForm{level: gzip.BestSpeed}
	}
	x.send(b)
}
