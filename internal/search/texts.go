package search

// texts is a list of texts, one after another in memory.
type texts struct {
	all  []byte
	ends []uint32
}

func (t *texts) len() int { return len(t.ends) }

func (t *texts) add(text []byte) {
	t.all = append(t.all, text...)
	t.ends = append(t.ends, uint32(len(t.all)))
}

func (t *texts) at(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.all[from:t.ends[i]]
}

// grow makes room for the texts of two others.
func (t *texts) grow(a, b *texts) {
	t.all = make([]byte, 0, len(a.all)+len(b.all))
	t.ends = make([]uint32, 0, len(a.ends)+len(b.ends))
}
