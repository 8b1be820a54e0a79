package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"labeld/internal/store"
)

// TestMigrate migrates the programme that the release before left, and checks it.
func TestMigrate(t *testing.T) {
	from, dir := filepath.Join("..", "..", "internal", "store", "testdata", "schema-7"), t.TempDir()
	for _, name := range []string{"labeld.yaml", "label.pub", "log.pub", "labeld.db.zst"} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if packed := strings.TrimSuffix(name, ".zst"); packed != name {
			dec, err := zstd.NewReader(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer dec.Close()
			if b, err = dec.DecodeAll(b, nil); err != nil {
				t.Fatal(err)
			}
			name = packed
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"migrate", "--data", dir}, {"migrate", "--data", dir}, {"check", "--data", dir}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != 0 || !strings.HasPrefix(lastLine(out.String()), "ok: ") {
			t.Errorf("labeld %s ends with %d:\n%s%s", args[0], code, &out, &errs)
		}
	}
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"migrate", "--data", dir}, &out, &errs); code != exitFailed || !strings.Contains(strings.Join(strings.Fields(errs.String()), " "), "stop the service first") {
		t.Errorf("beside a service, labeld migrate ends with %d:\n%s%s", code, &out, &errs)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
