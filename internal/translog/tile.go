package translog

import (
	"fmt"
	"strconv"
	"strings"
)

// The geometry of c2sp.org/tlog-tiles: a tile is a subtree of height 8, shown
// as the up to 256 hashes of its lowest level.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight

	// EntriesLevel is the Level of an entry bundle: the entries themselves,
	// one step below the leaf hashes.
	EntriesLevel = -1

	// maxTileLevel is the highest level a path may name.
	maxTileLevel = 63
)

// A Tile names one immutable resource of the log: the tile with index N of a
// level, or the entry bundle with index N. Width is [TileWidth] when full and
// 1 to 255 when partial; a partial tile is a prefix of the full one.
type Tile struct {
	Level int // 0 for leaf hashes, at most 63, or [EntriesLevel]
	N     int64
	Width int
}

// ParseTilePath parses the path of a tile or an entry bundle below the log's
// URL prefix, "tile/<L>/<N>[.p/<W>]" or "tile/entries/<N>[.p/<W>]"
// (c2sp.org/tlog-tiles, Merkle Tree and Log entries). Whatever parses, formats
// to the same path; everything else is [ErrMalformed], so each tile has one
// URL and caches hold it once. Whether the log has the tile is asked of
// [Tile.Within].
func ParseTilePath(path string) (Tile, error) {
	if len(path) > maxTilePath {
		return Tile{}, malformed("tile path of %d bytes", len(path))
	}
	rest, ok := strings.CutPrefix(path, "tile/")
	level, rest, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		return Tile{}, malformed("path %q is not that of a tile", path)
	}
	t := Tile{Level: EntriesLevel, Width: TileWidth}
	var err error
	if level != "entries" {
		t.Level, err = strconv.Atoi(level)
		if err != nil || t.Level < 0 || t.Level > maxTileLevel {
			return Tile{}, malformed("tile level %q, want 0 to %d", level, maxTileLevel)
		}
	}
	n, width, partial := strings.Cut(rest, ".p/")
	if partial {
		t.Width, err = strconv.Atoi(width)
		if err != nil || t.Width < 1 || t.Width >= TileWidth {
			return Tile{}, malformed("tile width %q, want 1 to %d", width, TileWidth-1)
		}
	}
	for group := range strings.SplitSeq(n, "/") {
		v, err := strconv.ParseUint(strings.TrimPrefix(group, "x"), 10, 16)
		if err != nil || v > 999 || t.N > MaxSize/TileWidth/1000 {
			return Tile{}, malformed("tile index %q", n)
		}
		t.N = t.N*1000 + int64(v)
	}
	// Padding, signs, leading zeros, and which groups bear an x: one
	// comparison refuses every other spelling.
	if t.N > MaxSize/TileWidth || t.Path() != path {
		return Tile{}, malformed("tile path %q is not in canonical form", path)
	}
	return t, nil
}

// Path returns the path of the tile below the log's URL prefix. The index is
// written in groups of three digits, all but the last after an x: 1234067 is
// x001/x234/067.
func (t Tile) Path() string {
	n := fmt.Sprintf("%03d", t.N%1000)
	for rest := t.N / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	level := "entries"
	if t.Level != EntriesLevel {
		level = strconv.Itoa(t.Level)
	}
	path := "tile/" + level + "/" + n
	if t.Width < TileWidth {
		path += ".p/" + strconv.Itoa(t.Width)
	}
	return path
}

// Nodes returns the hashes that make up the tile: count of them from first on,
// at one level and adjacent. The body of a tile is their concatenation, 32
// bytes each. For an entry bundle they are the leaf hashes of its entries, so
// first.N is the index of its first entry.
func (t Tile) Nodes() (first Node, count int) {
	return Node{Level: t.nodeLevel(), N: t.N * TileWidth}, t.Width
}

// Within reports whether a tree of the given size has all of the tile. Pass
// the size of the published checkpoint: beyond it nothing may be served. The
// specification allows a log to drop partial tiles once they fill up; ours
// answers for each width it ever passed, which costs nothing as all are cut
// from the same hashes.
func (t Tile) Within(size int64) bool {
	// floor(size / 256^Level) hashes exist at the level of the tile. A shift
	// by 64 or more gives 0, which is right.
	return t.N*TileWidth+int64(t.Width) <= size>>t.nodeLevel()
}

// nodeLevel returns the tree level of the hashes in the tile.
func (t Tile) nodeLevel() int {
	return TileHeight * max(t.Level, 0)
}
