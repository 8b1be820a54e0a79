package store_test

import (
	"context"
	"encoding/binary"
	"flag"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

var (
	damages    = flag.Int("damages", 40, "how many random damages a database gets")
	damageSeed = flag.Uint64("damage.seed", 0, "seed of the random damages; 0 takes one from the clock")
)

const page = 16 << 10

// looked opens a database that is damaged, checks it, and starts an authority on it
// that shows what it has. It returns what was found wrong with the file, and how much
// with what is in it. That it returns is what is tried.
func looked(t *testing.T, w *labeltest.World, file []byte) (problems int, opened error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(store.Path(dir), file, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var s *store.Store
		if s, opened = store.OpenReadOnly(dir); opened != nil {
			if again, err := store.Open(dir); err == nil {
				t.Errorf("a database is not opened for checking (%v), and is for serving", opened)
				again.Close()
			}
			return
		}
		if err := authority.Check(context.Background(), s, w.Trust, w.Programme, labeltest.Problems(func(string) { problems++ })); err != nil {
			problems++
		}
		s.Close()
		if s, opened = store.Open(dir); opened != nil {
			return
		}
		defer s.Close()
		a, err := authority.New(authority.Config{
			Store: s, Programme: w.Programme, Issuer: w.Issuer, Trust: w.Trust, Audiences: []string{labeltest.Audience},
			Clock: w.Clock.Now, Elapsed: w.Clock.Elapsed, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			problems++
			return
		}
		defer a.Close()
		_ = s.View(func(v *store.View) error {
			return v.Past(func(*store.Damage) {}).Labels(func(l *store.Label) bool { _, _ = a.Lookup(l.ID); return true })
		})
		_ = a.Propagate(t.Context())
		_ = a.Watch(t.Context())
		_, _, _, _ = a.Read(-1, 1000)
		_, _, _ = a.Organizations(authority.Caller{Org: labeltest.Operator, Roles: []label.Role{label.RoleOperator}}, "", authority.Page{})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it hangs")
	}
	return problems, opened
}

// usedPages returns the pages of a database that hold anything: those that are not
// listed as free.
func usedPages(file []byte) (list []int) {
	le := binary.LittleEndian
	meta := file[16:]
	if second := file[page+16:]; le.Uint64(second[48:]) > le.Uint64(meta[48:]) {
		meta = second
	}
	free := file[le.Uint64(meta[32:])*page:]
	isFree := map[uint64]bool{}
	for i := range int(le.Uint16(free[10:])) {
		isFree[le.Uint64(free[16+8*i:])] = true
	}
	for i := range le.Uint64(meta[40:]) {
		if !isFree[i] {
			list = append(list, int(i))
		}
	}
	return list
}

// TestDamagedFiles damages a database in the ways in which files are damaged: cut off,
// with pages zeroed, with pages of another time, and with bytes changed. It must be
// said of each, without a panic, a signal or a hang.
func TestDamagedFiles(t *testing.T) {
	w := filled(t)
	older, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	w.Restart()
	for n := range 20 {
		w.Enrol("lab-"+strconv.Itoa(n), label.RoleLab)
		w.Accredit("lab-"+strconv.Itoa(n), nil)
	}
	w.Authority.Close()
	good, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	if problems, opened := looked(t, w, good); opened != nil || problems > 0 {
		t.Fatalf("the undamaged database: %v, %d problems", opened, problems)
	}
	used := usedPages(good)
	end := (used[len(used)-1] + 1) * page
	for _, at := range []int{0, 1, 100, page - 1, page, page + 50, 2 * page, end / 2, end - page, end - 1} {
		if _, opened := looked(t, w, good[:at]); opened == nil || strings.Contains(opened.Error(), "\n") {
			t.Errorf("cut off at %d, opening gives %v", at, opened)
		}
	}
	for _, p := range used {
		bad := append([]byte(nil), good...)
		clear(bad[p*page : (p+1)*page])
		problems, opened := looked(t, w, bad)
		// A page that goes on in others has nothing in these but parts of a value.
		if opened == nil && problems == 0 {
			t.Errorf("with page %d zeroed, it opens, and the check says nothing", p)
		}
	}
	if *damageSeed == 0 {
		*damageSeed = uint64(time.Now().UnixNano())
	}
	t.Logf("-damage.seed %d -damages %d", *damageSeed, *damages)
	rnd := rand.New(rand.NewPCG(*damageSeed, 0))
	for range *damages {
		bad := append([]byte(nil), good...)
		switch rnd.IntN(4) {
		case 0: // copied while it was written: pages of two times
			from := rnd.IntN(len(older) / page)
			copy(bad[from*page:], older[from*page:])
		case 1:
			for range 1 + rnd.IntN(4) {
				if p := rnd.IntN(end / page); (p+1)*page <= len(older) {
					copy(bad[p*page:(p+1)*page], older[p*page:])
				}
			}
		case 2: // the bits of a structure
			p := used[rnd.IntN(len(used))]
			for range 1 + rnd.IntN(4) {
				bad[p*page+rnd.IntN(256)] ^= byte(1 << rnd.IntN(8))
			}
		case 3: // bytes anywhere
			for range 1 + rnd.IntN(20) {
				bad[rnd.IntN(end)] = byte(rnd.Uint32())
			}
		}
		if _, opened := looked(t, w, bad); opened != nil && !strings.Contains(opened.Error(), "damaged") {
			t.Logf("says %v", opened)
		}
	}
}
