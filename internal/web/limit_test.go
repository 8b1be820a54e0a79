package web_test

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"labeld/internal/labeltest"
	"labeld/internal/meter"
	"labeld/internal/web"
)

// TestGuessingIsPaidFor has a client ask for what there is not, until it is refused
// whatever costs anything. Labels it sees all the same, as do the others in its shop;
// and other clients notice nothing.
func TestGuessingIsPaidFor(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	purse := meter.New(60, 0)
	w.h.Handler = must[*web.Handler](t)(web.New(web.Config{
		Authority: w.Authority, Base: base, Log: slog.New(slog.DiscardHandler), Art: labeltest.Studio(t), Words: labeltest.Words(t), Meter: purse,
	}))
	unknown := "/l/" + string(unknownID(t))
	n := 0
	for ; n < 5000; n++ {
		if rec := from(t.Context(), w.h, 1, unknown); rec.Code == http.StatusTooManyRequests {
			if rec.Header().Get("Retry-After") == "" || strings.Contains(rec.Body.String(), "<html") {
				t.Errorf("refused with %v: %s", rec.Header(), rec.Body)
			}
			checkAnswer(t, rec)
			break
		}
	}
	if n < 20 || n > 100 {
		t.Errorf("%d guesses were answered", n)
	}
	for i, target := range []string{
		"/m/" + labeltest.Maker, "/m/" + labeltest.Maker + "/anything", "/m/nobody", "/?q=camera", "/find?q=camera", "/compare?id=" + id,
		"/advisory/" + strings.Repeat("0", 64) + ".json", "/surveillance/plans.json", "/feeds/" + labeltest.Maker + ".atom", "/sitemap.xml",
		"/api/products/" + camera, "/api/changes.atom", "/l/" + id + "/art/small.svg", "/l/" + id + "/art.zip", "/l/" + id + "?gtin=" + camera, "/nothing", unknown + ".json", "/l/" + id + ".json?at=2026-11-01", unknown + "/picture", unknown + "/badge.svg",
	} {
		for purse.Take(meter.Who{Net: netip.MustParsePrefix("198.18.0.1/32")}, 1, time.Now()).OK { // what came back meanwhile
		}
		rec := from(t.Context(), w.h, 1, target)
		if rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") == "" {
			t.Errorf("%s is answered with %d", target, rec.Code)
		}
		if strings.Contains(target, ".json") && rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s is refused in %s", target, rec.Header().Get("Content-Type"))
		}
		checkAnswer(t, rec)
		if rec := from(t.Context(), w.h, i+2, target); rec.Code == http.StatusTooManyRequests {
			t.Errorf("%s is refused to another client", target)
		}
	}
	for _, target := range []string{"/", "/l/" + id, "/l/" + id + ".json", "/l/" + id + "/package", "/l/" + id + "/qr.svg", "/01/" + camera, "/healthz", "/status-list", "/keys/log.vkey"} {
		if rec := from(t.Context(), w.h, 1, target); rec.Code >= 400 {
			t.Errorf("%s is refused: %d", target, rec.Code)
		}
	}
}
