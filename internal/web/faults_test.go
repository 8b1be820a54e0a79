package web_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/web"
)

// Details of our own faults stay in the log.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	secret := "page 7 of /var/lib/labeld is corrupt"
	for _, tt := range []struct {
		err    error
		status int
		logged bool
	}{
		{errors.New(secret), 500, true},
		{label.Errorf(label.Internal, label.ReasonInternal, "id", "%s", secret), 500, true},
		{label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "going"), 503, false},
		{label.Errorf(label.Denied, label.ReasonNotYours, "", "no"), 403, false},
		{label.Errorf(label.Unauthenticated, label.ReasonToken, "", "no"), 401, false},
		{label.Errorf(label.Precondition, label.ReasonLiveLabel, "", "no"), 409, false},
		{label.Errorf(label.Exists, label.ReasonExists, "", "no"), 409, false},
		{label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "no"), 413, false},
		{label.Errorf(99, "", "", "no"), 500, true},
	} {
		logged := new(lines)
		h := must[*web.Handler](t)(web.New(web.Config{Authority: failingAuthority{w.Authority, tt.err}, Base: base, Log: slog.New(slog.NewTextHandler(logged, nil)), Art: labeltest.Studio(t), Words: labeltest.Words(t)}))
		for _, target := range []string{"/l/" + id, "/l/" + id + ".json", "/l/" + id + "/qr.svg", "/01/09522104000171"} {
			rec := get(h, target)
			if rec.Code != tt.status {
				t.Errorf("%v at %s gives %d, want %d", tt.err, target, rec.Code, tt.status)
			}
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s shows %q", target, secret)
			}
			checkAnswer(t, rec)
		}
		if got := logged.String() != ""; got != tt.logged {
			t.Errorf("%v is logged: %q", tt.err, logged)
		}
		if rec := get(h, "/healthz"); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
			t.Errorf("/healthz gives %d", rec.Code)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	w := newWorld(t)
	log, art := slog.New(slog.DiscardHandler), labeltest.Studio(t)
	for _, c := range []web.Config{
		{Base: base, Log: log, Art: art},
		{Authority: w.Authority, Base: base, Art: art},
		{Authority: w.Authority, Log: log, Art: art},
		{Authority: w.Authority, Base: base, Log: log},
		{Authority: w.Authority, Base: base + "/", Log: log, Art: art},
	} {
		if _, err := web.New(c); err == nil {
			t.Errorf("accepted %+v", c)
		}
	}
}
