package translog_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/transparency-dev/tessera/api/layout"

	"labeld/internal/translog"
)

func TestTilePath(t *testing.T) {
	for path, want := range map[string]translog.Tile{
		"tile/0/000":                  {Level: 0, N: 0, Width: 256},
		"tile/0/067":                  {Level: 0, N: 67, Width: 256},
		"tile/0/x001/067":             {Level: 0, N: 1067, Width: 256},
		"tile/1/x001/x234/067.p/8":    {Level: 1, N: 1234067, Width: 8},
		"tile/63/000.p/255":           {Level: 63, N: 0, Width: 255},
		"tile/entries/x001/067.p/12":  {Level: translog.EntriesLevel, N: 1067, Width: 12},
		"tile/entries/000":            {Level: translog.EntriesLevel, N: 0, Width: 256},
		"tile/entries/x100/000.p/1":   {Level: translog.EntriesLevel, N: 100000, Width: 1},
		"tile/2/x999/x999/999":        {Level: 2, N: 999999999, Width: 256},
		"tile/10/x001/000":            {Level: 10, N: 1000, Width: 256},
		longestTile:                   {Level: translog.EntriesLevel, N: translog.MaxSize / 256, Width: 255},
		"tile/0/" + longestIndex:      {Level: 0, N: translog.MaxSize / 256, Width: 256},
		"tile/entries/x001/000.p/100": {Level: translog.EntriesLevel, N: 1000, Width: 100},
	} {
		got, err := translog.ParseTilePath(path)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", path, got, err, want)
		}
		if got := want.Path(); got != path {
			t.Errorf("%+v has the path %s, want %s", want, got, path)
		}
	}
}

const (
	longestIndex = "x018/x014/x398/x509/x481/983" // MaxSize / 256
	longestTile  = "tile/entries/" + longestIndex + ".p/255"
)

func TestParseTilePathRefuses(t *testing.T) {
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile//000", "/tile/0/000", "tile/0/000/", "checkpoint",
		"tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/0/x000", "tile/0/x000/000", "tile/0/001/000",
		"tile/0/x001/x000", "tile/0/xx01/000", "tile/0/x01/000", "tile/0/x0001/000", "tile/0/X001/000", "tile/0/x001//000",
		"tile/0/+01", "tile/0/-01", "tile/0/ 01", "tile/0/0_1", "tile/0/٠٠١",
		"tile/00/000", "tile/01/000", "tile/+1/000", "tile/-1/000", "tile/64/000", "tile/entry/000", "tile/Entries/000", "tile/data/000",
		"tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1", "tile/0/000.p/-1",
		"tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.P/1", "tile/0/.p/1", "tile/0/000p/1",
		"tile/8/0/000", "tile/0/000?", "tile/0/000\n", "tile/../0/000", "tile/0/../000",
		"tile/0/x018/x014/x398/x509/x481/984", "tile/0/x999/x999/x999/x999/x999/999", "tile/0/" + strings.Repeat("x999/", 6) + "999",
		"tile/0/" + strings.Repeat("x999/", 100000) + "999",
	} {
		if got, err := translog.ParseTilePath(path); !errors.Is(err, translog.ErrMalformed) {
			t.Errorf("%.80q: %+v, %v", path, got, err)
		}
	}
}

// TestTilesOf70000 is the example of c2sp.org/tlog-tiles, Partial Tiles: 273
// full tiles and a partial one of width 112 at level 0, a full and a partial
// one of width 17 at level 1, a partial one of width 1 at level 2.
func TestTilesOf70000(t *testing.T) {
	has := map[[2]int64]int{} // level and N to greatest width
	for level := range 64 {
		for n := range int64(300) {
			for width := 1; width <= 256; width++ {
				tile := translog.Tile{Level: level, N: n, Width: width}
				if tile.Within(70_000) {
					has[[2]int64{int64(level), n}] = width
				}
			}
		}
	}
	if len(has) != 273+1+2+1 {
		t.Errorf("a tree of 70,000 has %d tiles", len(has))
	}
	for at, want := range map[[2]int64]int{{0, 0}: 256, {0, 272}: 256, {0, 273}: 112, {1, 0}: 256, {1, 1}: 17, {2, 0}: 1} {
		if has[at] != want {
			t.Errorf("tile %v has width %d, want %d", at, has[at], want)
		}
	}
}

func TestTileWithin(t *testing.T) {
	for _, test := range []struct {
		path  string
		first int64 // least size of a tree that has the tile
	}{
		{"tile/0/000.p/1", 1},
		{"tile/0/000", 256},
		{"tile/0/001.p/1", 257},
		{"tile/1/000.p/1", 256},
		{"tile/1/000.p/2", 512},
		{"tile/1/000", 65536},
		{"tile/1/001.p/3", 65536 + 3*256},
		{"tile/2/000.p/1", 65536},
		{"tile/7/000.p/1", 1 << 56},
		{"tile/7/000.p/63", 63 << 56},
		{"tile/entries/000.p/1", 1},
		{"tile/entries/001", 512},
		{longestTile, translog.MaxSize},
	} {
		tile, err := translog.ParseTilePath(test.path)
		if err != nil {
			t.Fatal(err)
		}
		if tile.Within(test.first-1) || !tile.Within(test.first) || !tile.Within(translog.MaxSize) {
			t.Errorf("%s is in trees from another size than %d", test.path, test.first)
		}
	}
	// These are in no tree, and asking must not overflow into a yes.
	for _, path := range []string{"tile/7/000.p/64", "tile/8/000.p/1", "tile/63/000.p/1", "tile/0/" + longestIndex, "tile/63/" + longestIndex} {
		tile, err := translog.ParseTilePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if tile.Within(translog.MaxSize) || tile.Within(0) {
			t.Errorf("%s is in a tree", path)
		}
	}
	if (translog.Tile{Width: 1}).Within(math.MinInt64) {
		t.Error("a negative size has a tile")
	}
}

func TestTileNodes(t *testing.T) {
	for path, want := range map[string]translog.Node{
		"tile/0/002":           {Level: 0, N: 512},
		"tile/1/002":           {Level: 8, N: 512},
		"tile/2/x001/000.p/17": {Level: 16, N: 256000},
		"tile/entries/002.p/1": {Level: 0, N: 512},
	} {
		tile, err := translog.ParseTilePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if first, count := tile.Nodes(); first != want || count != tile.Width {
			t.Errorf("%s: %d from %+v, want %d from %+v", path, count, first, tile.Width, want)
		}
	}
}

// FuzzParseTilePath: what parses formats to the same path, and tessera reads
// and writes the same.
func FuzzParseTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/000", "tile/1/x001/x234/067.p/8", "tile/entries/x001/067.p/12", "tile/63/000", longestTile, "tile/00/x000/000.p/0"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := translog.ParseTilePath(path)
		if err != nil {
			if !errors.Is(err, translog.ErrMalformed) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if again := tile.Path(); again != path {
			t.Fatalf("%q formats as %q", path, again)
		}
		_, count := tile.Nodes()
		if tile.Level < -1 || tile.Level > 63 || tile.N < 0 || count < 1 || count > 256 {
			t.Fatalf("%q parses to %+v", path, tile)
		}
		partial := uint8(tile.Width) // 256, full, wraps to the 0 that tessera means by it
		var theirs string
		if tile.Level == translog.EntriesLevel {
			theirs = layout.EntriesPath(uint64(tile.N), partial)
		} else {
			theirs = layout.TilePath(uint64(tile.Level), uint64(tile.N), partial)
			level, rest, _ := strings.Cut(strings.TrimPrefix(path, "tile/"), "/")
			l, n, p, err := layout.ParseTileLevelIndexPartial(level, rest)
			if err != nil || fmt.Sprint(l, n, p) != fmt.Sprint(tile.Level, tile.N, partial) {
				t.Fatalf("%q is to others %d, %d, %d, %v", path, l, n, p, err)
			}
		}
		if theirs != path {
			t.Fatalf("%q is to others %q", path, theirs)
		}
	})
}
