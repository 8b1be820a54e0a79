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
	l := lanes{w.first, w.queue, w.back}
	ops := w.gather(&l, nil)
	if next := disjoint(ops); len(next) != 1 || len(ops) != maxBatch {
		t.Fatalf("%d of %d ops in a batch", len(next), len(ops))
	}
	urgent := &op{claims: []string{"label/x"}, first: true}
	w.first <- urgent
	ops = w.gather(&l, ops[1:])
	if next := disjoint(ops); next[0] != urgent {
		t.Error("an op that goes first waits for others")
	}
	close(w.first)
	close(w.queue)
	for n := 0; len(w.gather(&l, nil)) > 0; n++ {
		if n > 100 {
			t.Fatal("the queues do not come to an end")
		}
	}
}

// TestOpsWhileSigned has an op with a claim wait for the one before it while that is
// signed, and what goes first and what has other claims go on.
func TestOpsWhileSigned(t *testing.T) {
	signing, after, other := &op{claims: []string{"x"}, state: opSigning}, &op{claims: []string{"x"}}, &op{claims: []string{"y"}}
	urgent := &op{claims: []string{"x"}, first: true}
	ops := []*op{signing, after, other}
	if next := disjoint(ops); !slices.Equal(next, []*op{other}) {
		t.Errorf("%d ops are in the batch", len(next))
	}
	ops = put(ops, urgent)
	if next := disjoint(ops); ops[0] != urgent || !slices.Equal(next, []*op{urgent, other}) {
		t.Errorf("with one that goes first %d ops are in the batch", len(next))
	}
	ops = put(ops[1:], signing)
	if next := disjoint(ops); !slices.Equal(next, []*op{signing, other}) {
		t.Errorf("when it is signed %d ops are in the batch", len(next))
	}
	exact := &op{exact: true, signed: map[label.Digest]signature{}}
	if next := inOrder([]*op{other, exact}); next[0] != exact {
		t.Error("an exact op that was signed is not prepared first")
	}
	exact.signed = nil
	if next := inOrder([]*op{exact, other}); next[1] != exact {
		t.Error("an exact op that is not signed is not prepared last")
	}
}
