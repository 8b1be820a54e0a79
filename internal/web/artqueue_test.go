package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"labeld/internal/labeltest"
)

// from asks as a client of its own, until ctx ends.
func from(ctx context.Context, h http.Handler, client int, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	r.RemoteAddr = fmt.Sprintf("198.18.%d.%d:1", client/250, client%250)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// drawings returns addresses of artwork that are all different.
func drawings(t *testing.T, id, format, kind string) (list []string) {
	for _, palette := range []string{"colour", "one-colour", "high-contrast"} {
		for _, first := range labeltest.Words(t).Languages() {
			for _, second := range labeltest.Words(t).Languages() {
				if first != second {
					list = append(list, fmt.Sprintf("/l/%s/%s?%spalette=%s&lang=%s,%s", id, kind, format, palette, first.Tag, second.Tag))
				}
			}
		}
	}
	return list
}

// TestArtInOneSpelling asks for the same artwork in many spellings. It is drawn, and
// paid for, once.
func TestArtInOneSpelling(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	start := time.Now()
	first := from(t.Context(), w.h, 1, "/l/"+id+"/art.zip?lang=en,de")
	once := time.Since(start)
	if first.Code != http.StatusOK {
		t.Fatal(first.Code, first.Body)
	}
	start = time.Now()
	n := 0
	for _, query := range []string{"lang=en%2Cde", "lang=en,de&", "&lang=en,de", "la%6eg=en,de", "lang=%65n,de", "format=&lang=en,de", "lang=en,de&palette=", "palette=&lang=en%2cde&format="} {
		for _, name := range []string{id, strings.ToLower(id), id[:4] + "-" + id[4:8] + "-" + id[8:]} {
			n++
			if rec := from(t.Context(), w.h, 1, "/L/"+name+"/art.zip?"+query); rec.Code != http.StatusOK || rec.Header().Get("Etag") != first.Header().Get("Etag") {
				t.Errorf("%s?%s: %d, another file", name, query, rec.Code)
			}
		}
	}
	took := time.Since(start)
	t.Logf("the first takes %v, %d other spellings together %v", once, n, took)
	if took > once {
		t.Error("other spellings are drawn anew")
	}
}

// TestArtOfWhoLeft has 25 clients ask for a pack and leave. Nobody waits for what they
// asked for.
func TestArtOfWhoLeft(t *testing.T) {
	w := newWorld(t)
	all := drawings(t, string(w.camera().Label.ID), "format=portrait&", "art.zip")
	start := time.Now()
	if rec := from(t.Context(), w.h, 0, all[0]); rec.Code != http.StatusOK {
		t.Fatal(rec.Code, rec.Body)
	}
	once := time.Since(start)
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i, target := range all[1:26] {
		wg.Go(func() { from(ctx, w.h, i+1, target) })
	}
	time.Sleep(once / 10)
	start = time.Now()
	leave()
	defer wg.Wait()
	for {
		rec := from(t.Context(), w.h, 100, all[30])
		if rec.Code == http.StatusOK {
			break
		}
		if rec.Code != http.StatusServiceUnavailable || time.Since(start) > time.Minute {
			t.Fatal(rec.Code, rec.Body)
		}
		time.Sleep(10 * time.Millisecond) // those who leave have not left yet
	}
	took := time.Since(start)
	t.Logf("a pack takes %v; after 25 who left it takes %v", once, took)
	if took > 5*once+time.Second { // one may have been begun
		t.Error("somebody waits for what nobody wants any more")
	}
}

// TestArtInTurns has 256 clients ask for drawings at once, and one of them for many.
// Some are told to come again, and the others wait for a while that is bounded.
func TestArtInTurns(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	var all []string
	for _, format := range []string{"portrait", "landscape", "small"} {
		all = append(all, drawings(t, id, "", "art/"+format+".png")...)
	}
	var mu sync.Mutex
	var longest time.Duration
	codes := map[int]int{}
	ask := func(client int, target string) (code int) {
		start := time.Now()
		rec := from(t.Context(), w.h, client, target)
		mu.Lock()
		defer mu.Unlock()
		longest = max(longest, time.Since(start))
		codes[rec.Code]++
		if rec.Code != http.StatusOK && rec.Header().Get("Retry-After") == "" {
			t.Errorf("%d without Retry-After: %s", rec.Code, rec.Body)
		}
		return rec.Code
	}
	var wg sync.WaitGroup
	greedy := 0
	for i := range 40 { // one wants all
		wg.Go(func() {
			if ask(0, all[i]) == http.StatusOK {
				mu.Lock()
				greedy++
				mu.Unlock()
			}
		})
	}
	for i := range 255 {
		wg.Go(func() { ask(i+1, all[(i+40)%len(all)]) })
	}
	wg.Wait()
	t.Logf("answered %v, the one who wanted forty got %d, nobody waited for more than %v", codes, greedy, longest)
	if codes[http.StatusOK] < 24 || codes[http.StatusServiceUnavailable] == 0 || codes[http.StatusOK]+codes[http.StatusServiceUnavailable] != 295 {
		t.Errorf("answered %v", codes)
	}
	if rec := from(t.Context(), w.h, 1, "/l/"+id); rec.Code != http.StatusOK {
		t.Errorf("the label meanwhile: %d", rec.Code)
	}
}
