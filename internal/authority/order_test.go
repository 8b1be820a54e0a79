package authority

import (
	"slices"
	"testing"
	"time"

	"labeld/internal/label"
)

// TestEveryKindOfEventHasAClass requires that as well that advisories, and
// nothing else, wait until what is due to be judged again has been.
func TestEveryKindOfEventHasAClass(t *testing.T) {
	for _, k := range label.EventKinds {
		if _, ok := urgency[k]; !ok {
			t.Errorf("events of the kind %s have no class", k)
		}
		if e := (&openEvent{class: urgency[k]}); e.waits() != (k == label.AdvisoryEvent) {
			t.Errorf("events of the kind %s wait for judgements: %t", k, e.waits())
		}
	}
}

// TestOrderOfEvents has security events come before schemes, these before
// advisories, and of one class the one received first, whatever the digests are.
func TestOrderOfEvents(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	o := openEvents{list: map[label.Digest]*openEvent{}}
	var want []label.Digest
	for class := range advisoryOfMaker + 1 {
		for n := range 3 {
			id := label.Digest{byte(200 - 10*class - n)} // the later, the lower
			o.list[id] = &openEvent{id: id, class: class, received: at.Add(time.Duration(n-class) * time.Second)}
			want = append(want, id)
		}
	}
	var got []label.Digest
	for e := o.next(); e != nil; e = o.next() {
		got = append(got, e.id)
		o.remove(e.id)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v", got, want)
	}
}

// TestWhatGoesFirst queues many ops about one label, and then one that goes
// first: it is in the next batch.
func TestWhatGoesFirst(t *testing.T) {
	w := &writer{queue: make(chan *op, 2*maxBatch), first: make(chan *op, maxBatch)}
	for range maxBatch + 10 {
		w.queue <- &op{claims: []string{"label/x"}}
	}
	l := lanes{w.first, w.queue}
	batch, held := disjoint(w.gather(&l, nil))
	if len(batch) != 1 || len(held) != maxBatch-1 {
		t.Fatalf("%d ops in a batch, %d held", len(batch), len(held))
	}
	urgent := &op{claims: []string{"label/x"}, first: true}
	w.first <- urgent
	batch, _ = disjoint(w.gather(&l, held))
	if batch[0] != urgent {
		t.Error("an op that goes first waits for others")
	}
	close(w.first)
	close(w.queue)
	for n := 0; ; n++ {
		if ops := w.gather(&l, nil); ops == nil {
			break
		} else if n > 100 {
			t.Fatal("the queues do not come to an end")
		}
	}
}
