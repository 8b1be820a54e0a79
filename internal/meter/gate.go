package meter

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrBusy is returned by [Gate.Enter] where too many wait already.
var ErrBusy = errors.New("too many wait already")

// A Gate lets a few do heavy work at a time. It is safe for concurrent use.
type Gate[K comparable] struct {
	slots int // work that is done at a time
	each  int // of one client that may wait
	all   int // that may wait

	mu      sync.Mutex
	working map[K]bool // clients whose work is being done
	lines   map[K][]*ticket
	turns   []K // clients who wait, the next first
	waiting int
}

// A ticket is a place in a client's line. Its channel is closed when the gate opens.
type ticket struct{ open chan struct{} }

// NewGate returns a gate for so much work at a time, at which so many of each client
// and of all may wait.
func NewGate[K comparable](slots, each, all int) *Gate[K] {
	return &Gate[K]{slots: slots, each: each, all: all, working: map[K]bool{}, lines: map[K][]*ticket{}}
}

// Enter waits until the client's turn comes, and returns what ends it. Where too many
// wait it returns [ErrBusy] at once; where ctx ends first, its error.
func (g *Gate[K]) Enter(ctx context.Context, who K) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	if len(g.working) < g.slots && !g.working[who] && len(g.lines[who]) == 0 {
		g.working[who] = true
		g.mu.Unlock()
		return func() { g.leave(who) }, nil
	}
	if g.waiting >= g.all || len(g.lines[who]) >= g.each {
		g.mu.Unlock()
		return nil, ErrBusy
	}
	t := &ticket{make(chan struct{})}
	if len(g.lines[who]) == 0 {
		g.turns = append(g.turns, who)
	}
	g.lines[who] = append(g.lines[who], t)
	g.waiting++
	g.mu.Unlock()
	select {
	case <-t.open:
		return func() { g.leave(who) }, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.lines[who], t); i >= 0 {
		g.drop(who, i)
	} else { // it opened meanwhile
		delete(g.working, who)
		g.next()
	}
	return nil, ctx.Err()
}

// Waiting returns how many wait.
func (g *Gate[K]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

func (g *Gate[K]) leave(who K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.working, who)
	g.next()
}

// next opens the gate for whose turn it is, as long as there is a slot. The mutex is
// held.
func (g *Gate[K]) next() {
	for len(g.working) < g.slots {
		i := slices.IndexFunc(g.turns, func(who K) bool { return !g.working[who] })
		if i < 0 {
			return
		}
		who := g.turns[i]
		t := g.lines[who][0]
		g.turns = append(slices.Delete(g.turns, i, i+1), who) // to the end, for what else it waits for
		g.drop(who, 0)
		g.working[who] = true
		close(t.open)
	}
}

// drop takes a place out of a client's line.
func (g *Gate[K]) drop(who K, i int) {
	g.waiting--
	if g.lines[who] = slices.Delete(g.lines[who], i, i+1); len(g.lines[who]) == 0 {
		delete(g.lines, who)
		if i := slices.Index(g.turns, who); i >= 0 {
			g.turns = slices.Delete(g.turns, i, i+1)
		}
	}
}
