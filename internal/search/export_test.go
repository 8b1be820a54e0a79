package search

// What the tests of the package look at from outside.
var (
	Fold    = fold
	Words   = words
	Spelled = spelled
	Near    = near
)

// WordsOf returns the words by which a record is found.
func WordsOf(r *Record) []string { return r.words() }
