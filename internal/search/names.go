package search

import (
	"maps"

	"labeld/internal/label"
)

// names numbers what many records have. Numbers stay, so that segments can share
// them, and who reads a copy need not know that there are more.
type names[T comparable] struct {
	list []T
	at   map[T]uint32
	own  bool // nobody else reads the map
}

// number returns the number of a name, which it gives to new ones.
func (n *names[T]) number(name T) uint32 {
	i, ok := n.at[name]
	if !ok {
		if !n.own {
			if n.at, n.own = maps.Clone(n.at), true; n.at == nil {
				n.at = map[T]uint32{}
			}
		}
		i = uint32(len(n.list))
		n.at[name], n.list = i, append(n.list, name)
	}
	return i
}

// has reports whether a name has a number.
func (n *names[T]) has(name T) bool {
	_, ok := n.at[name]
	return ok
}

// wanted returns the number of a name that is looked for: any where it is empty,
// and none that there is where nobody has it.
func (n *names[T]) wanted(name T) (i uint32, any bool) {
	var empty T
	if name == empty {
		return 0, true
	}
	i, ok := n.at[name]
	if !ok {
		i = uint32(len(n.list))
	}
	return i, false
}

// numbers are the names of all segments of an index.
type numbers struct {
	categories names[string]
	schemes    names[string]
	makers     names[string] // IDs
	parties    names[label.Party]
	levels     names[label.Level]
}

// share says that others read the maps from now on.
func (n *numbers) share() {
	n.categories.own, n.schemes.own, n.makers.own, n.parties.own, n.levels.own = false, false, false, false, false
}
