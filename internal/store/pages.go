package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
)

// bbolt believes its file. It maps it, and follows page numbers, lengths and
// offsets wherever they lead: in a file that was cut off to a signal that ends the
// process, in one that was copied while it was written into a circle. So the whole
// structure is read here before bbolt sees the file: that both meta pages are good,
// that the file is as long as they say, that every page is within it, is of the kind
// that it should be, says its own number, and is used once, and that the keys in it
// are within it and in order. What is in the values is for [Store.Check].
//
// It reads by pread, which returns an error where a map would fault, and all of the
// file: about a third of a second a gigabyte where that is in memory, and otherwise
// as long as the disk takes.
//
// The format, all numbers little-endian as on every machine that we serve on:
//
//	page    id u64, flags u16, count u16, overflow u32 (further pages), elements, data
//	meta    magic u32, version u32, page size u32, flags u32, root bucket (page u64, sequence u64),
//	        freelist page u64, pages u64, transaction u64, FNV-1a of what is before u64
//	branch  element: offset u32 from itself to the key, key size u32, page u64
//	leaf    element: flags u32 (1 for a bucket), offset u32, key size u32, value size u32
//	free    page numbers u64; with a count of 65535 their number stands before them
//
// A bucket's value is its root page and sequence; with page 0 its only page follows.

const (
	pageHeader  = 16
	elementSize = 16
	metaMagic   = 0xED0CDAED
	metaVersion = 2

	flagBranch = 0x01
	flagLeaf   = 0x02
	flagMeta   = 0x04
	flagFree   = 0x10

	// maxDepth bounds how deep pages and buckets lie within each other. Eight
	// levels of pages with the fewest branches that there are hold more than any
	// disk.
	maxDepth = 32

	// maxDamages is after how many problems the rest of a file is not read.
	maxDamages = 20
)

var errManyDamages = errors.New("there is more")

// A fileReader is one reading of a file's structure.
type fileReader struct {
	file     io.ReaderAt
	size     int64
	pageSize int64
	pages    uint64 // below the high water mark
	used     []bool // by page
	room     [maxDepth + 2]struct {
		page     []byte
		elements []element
	} // by depth; what is read of one page is done with before the next of its depth
	record   func(bucket string, key, value []byte) // is told of each; nil where nobody asks
	bucketed string                                 // the bucket that is read
	problems []string
}

type metaPage struct {
	pageSize, root, freelist, pages, tx uint64
}

// checkFile returns what is wrong with the structure of a database file. It tells of
// each record in the buckets of the file, where record is not nil.
func checkFile(file io.ReaderAt, size int64, record func(bucket string, key, value []byte)) error {
	r := &fileReader{file: file, size: size, record: record}
	r.read()
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("the database is damaged: %s. Restore a backup, and keep this file for the inquiry", strings.Join(r.problems, "; "))
}

func (r *fileReader) badf(format string, args ...any) {
	if len(r.problems) < maxDamages {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	} else if len(r.problems) == maxDamages {
		r.problems = append(r.problems, errManyDamages.Error())
	}
}

func (r *fileReader) full() bool { return len(r.problems) > maxDamages }

func (r *fileReader) read() {
	m, ok := r.metas()
	if !ok {
		return
	}
	r.used = make([]bool, r.pages)
	r.used[0], r.used[1] = true, true
	free := r.freelist(m.freelist)
	r.tree(m.root, 0, nil, nil)
	lost := 0
	for i, used := range r.used {
		switch {
		case used && free[uint64(i)]:
			r.badf("page %d is used, and listed as free", i)
		case !used && !free[uint64(i)]:
			lost++
		}
	}
	if lost > 0 && !r.full() {
		r.badf("%d pages are neither used nor listed as free", lost)
	}
}

// metas reads both meta pages, and returns the newer one.
func (r *fileReader) metas() (newest metaPage, ok bool) {
	first, err := r.meta(0)
	if err != nil {
		r.badf("meta page 0: %v", err)
		r.pageSize = pageSize
	} else {
		r.pageSize = int64(first.pageSize)
	}
	second, err2 := r.meta(r.pageSize)
	if err2 != nil {
		r.badf("meta page 1: %v", err2)
	}
	if err != nil || err2 != nil {
		return newest, false // the last commit may be lost, and nobody would know
	}
	newest = first
	if second.tx > first.tx {
		newest = second
	}
	switch {
	case first.pageSize != second.pageSize:
		r.badf("the meta pages differ about the size of pages: %d and %d", first.pageSize, second.pageSize)
	case first.tx-second.tx != 1 && second.tx-first.tx != 1:
		r.badf("the meta pages are of commits %d and %d, which do not follow each other", first.tx, second.tx)
	case newest.pages < 3 || newest.pages > uint64(r.size/r.pageSize):
		r.badf("the file has %d bytes, and its %d pages need %d: it was cut off", r.size, newest.pages, newest.pages*newest.pageSize)
	default:
		r.pages = newest.pages
		return newest, true
	}
	return newest, false
}

func (r *fileReader) meta(at int64) (m metaPage, err error) {
	b := make([]byte, metaSize)
	if _, err := r.file.ReadAt(b, at); err != nil {
		return m, fmt.Errorf("cannot be read (%w): the file has %d bytes", err, r.size)
	}
	le, body := binary.LittleEndian, b[pageHeader:]
	sum := fnv.New64a()
	sum.Write(body[:56])
	switch {
	case le.Uint16(b[8:]) != flagMeta:
		return m, errors.New("is no meta page")
	case le.Uint32(body) != metaMagic || le.Uint32(body[4:]) != metaVersion:
		return m, errors.New("is not of a bbolt database of version 2")
	case le.Uint64(body[56:]) != sum.Sum64():
		return m, errors.New("has a wrong checksum")
	}
	m = metaPage{uint64(le.Uint32(body[8:])), le.Uint64(body[16:]), le.Uint64(body[32:]), le.Uint64(body[40:]), le.Uint64(body[48:])}
	if m.pageSize < 1024 || m.pageSize > 64<<10 || m.pageSize&(m.pageSize-1) != 0 {
		return m, fmt.Errorf("says that pages have %d bytes", m.pageSize)
	}
	return m, nil
}

// page reads a page, and takes it and those that belong to it for used.
func (r *fileReader) page(id uint64, depth int) (b []byte, flags uint16, count int, ok bool) {
	if id < 2 || id >= r.pages {
		r.badf("page %d is referred to, and the file has pages 2 to %d", id, r.pages-1)
		return nil, 0, 0, false
	}
	b = r.room[depth].page
	if b == nil {
		b = make([]byte, r.pageSize)
		r.room[depth].page = b
	}
	if _, err := r.file.ReadAt(b, int64(id)*r.pageSize); err != nil {
		r.badf("page %d cannot be read: %v", id, err)
		return nil, 0, 0, false
	}
	le := binary.LittleEndian
	more := uint64(le.Uint32(b[12:]))
	if got := le.Uint64(b); got != id {
		r.badf("page %d says that it is page %d", id, got)
		return nil, 0, 0, false
	}
	if more >= r.pages-id {
		r.badf("page %d says that it goes on for %d pages, behind the end of the file", id, more)
		return nil, 0, 0, false
	}
	for i := id; i <= id+more; i++ {
		if r.used[i] {
			r.badf("page %d is used twice", i)
			return nil, 0, 0, false
		}
		r.used[i] = true
	}
	if more > 0 {
		b = append(b[:r.pageSize:r.pageSize], make([]byte, int64(more)*r.pageSize)...)
		if _, err := r.file.ReadAt(b[r.pageSize:], int64(id+1)*r.pageSize); err != nil {
			r.badf("page %d cannot be read: %v", id, err)
			return nil, 0, 0, false
		}
	}
	return b, le.Uint16(b[8:]), int(le.Uint16(b[10:])), true
}

// freelist reads which pages are free.
func (r *fileReader) freelist(id uint64) map[uint64]bool {
	free := map[uint64]bool{}
	b, flags, count, ok := r.page(id, 0)
	if !ok {
		return free
	}
	if flags != flagFree {
		r.badf("page %d should be the list of free pages, and has flags %#x", id, flags)
		return free
	}
	ids := b[pageHeader:]
	n := uint64(count)
	if count == 0xFFFF {
		n, ids = binary.LittleEndian.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		r.badf("page %d lists %d free pages, and has room for %d", id, n, len(ids)/8)
		return free
	}
	for i := range n {
		p := binary.LittleEndian.Uint64(ids[8*i:])
		switch {
		case p < 2 || p >= r.pages:
			r.badf("page %d is listed as free, and the file has pages 2 to %d", p, r.pages-1)
		case free[p]:
			r.badf("page %d is listed as free twice", p)
		}
		free[p] = true
		if r.full() {
			break
		}
	}
	return free
}

// tree reads what lies below a page. Its keys are from least on, and before end;
// nil for any.
func (r *fileReader) tree(id uint64, depth int, least, end []byte) {
	if r.full() {
		return
	}
	if depth > maxDepth {
		r.badf("page %d lies deeper than %d pages", id, maxDepth)
		return
	}
	b, flags, count, ok := r.page(id, depth)
	if !ok {
		return
	}
	if flags != flagBranch && flags != flagLeaf || flags == flagBranch && count == 0 {
		r.badf("page %d should be of a tree, and has flags %#x and %d elements", id, flags, count)
		return
	}
	elements, ok := r.elements(b, flags, count, depth, id, nil)
	if !ok {
		return
	}
	if n := len(elements); n > 0 && (least != nil && bytes.Compare(elements[0].key, least) < 0 || end != nil && bytes.Compare(elements[n-1].key, end) >= 0) {
		r.badf("page %d: its keys are not those that lead to it", id)
		return
	}
	if flags == flagLeaf {
		r.told(elements)
	}
	for i, e := range elements {
		next := end
		if i+1 < len(elements) {
			next = elements[i+1].key
		}
		switch {
		case i+1 < len(elements) && bytes.Compare(e.key, next) >= 0:
			r.badf("page %d: keys %x and %x are not in order", id, e.key, next)
			return
		case flags == flagBranch:
			r.tree(e.page, depth+1, e.key, next)
		case e.bucket:
			r.bucket(id, e, depth)
		}
	}
}

// bucket reads a bucket, which is an element of a leaf.
func (r *fileReader) bucket(id uint64, e element, depth int) {
	defer func(outer string) { r.bucketed = outer }(r.bucketed)
	r.bucketed = string(e.key)
	if len(e.value) < 16 {
		r.badf("page %d: bucket %x has %d bytes", id, e.key, len(e.value))
		return
	}
	if root := binary.LittleEndian.Uint64(e.value); root != 0 {
		r.tree(root, depth+1, nil, nil)
		return
	}
	b := e.value[16:]
	if len(b) < pageHeader {
		r.badf("page %d: bucket %x has no page", id, e.key)
		return
	}
	le := binary.LittleEndian
	if flags := le.Uint16(b[8:]); flags != flagLeaf {
		r.badf("page %d: bucket %x should be a leaf, and has flags %#x", id, e.key, flags)
		return
	}
	elements, ok := r.elements(b, flagLeaf, int(le.Uint16(b[10:])), depth+1, id, e.key)
	if !ok {
		return
	}
	r.told(elements)
	for i, in := range elements {
		if in.bucket || i > 0 && bytes.Compare(elements[i-1].key, in.key) >= 0 {
			r.badf("page %d: bucket %x: key %x is a bucket, or not in order", id, e.key, in.key)
			return
		}
	}
}

// told tells of the records of a bucket; at the top of the file there are none.
func (r *fileReader) told(elements []element) {
	if r.record == nil || r.bucketed == "" {
		return
	}
	for _, e := range elements {
		r.record(r.bucketed, e.key, e.value)
	}
}

// An element is a record of a leaf, or what leads to a page below a branch.
type element struct {
	key, value []byte
	bucket     bool
	page       uint64
}

// elements reads the elements of a page, or of the only page of a bucket in it.
func (r *fileReader) elements(b []byte, flags uint16, count, depth int, id uint64, bucket []byte) ([]element, bool) {
	what := func() string {
		if bucket == nil {
			return fmt.Sprintf("page %d", id)
		}
		return fmt.Sprintf("page %d: bucket %x", id, bucket)
	}
	data := uint64(pageHeader + count*elementSize)
	if data > uint64(len(b)) {
		r.badf("%s says that it has %d elements, more than it has room for", what(), count)
		return nil, false
	}
	le, list := binary.LittleEndian, r.room[depth].elements[:0]
	for i := range count {
		at := uint64(pageHeader + i*elementSize)
		x := b[at : at+elementSize]
		var e element
		var offset, key, value uint64
		if flags == flagBranch {
			offset, key = uint64(le.Uint32(x)), uint64(le.Uint32(x[4:]))
			e.page = le.Uint64(x[8:])
		} else {
			kind := le.Uint32(x)
			offset, key, value = uint64(le.Uint32(x[4:])), uint64(le.Uint32(x[8:])), uint64(le.Uint32(x[12:]))
			if kind > 1 {
				r.badf("%s: element %d is of no kind that there is, %#x", what(), i, kind)
				return nil, false
			}
			e.bucket = kind == 1
		}
		from := at + offset
		if from < data || from+key+value > uint64(len(b)) {
			r.badf("%s: element %d lies outside of it", what(), i)
			return nil, false
		}
		e.key, e.value = b[from:from+key:from+key], b[from+key:from+key+value]
		list = append(list, e)
	}
	r.room[depth].elements = list
	return list, true
}
