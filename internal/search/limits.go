package search

const (
	// MaxQuery bounds what is typed, as the browser counts it that holds people to it
	// ([label.TypedLength]), and MaxWords the words that are looked for: people type
	// three, and each costs a pass.
	MaxQuery = 200
	MaxWords = 8

	// PageSize is how many labels a page of results has, MaxPage the last page:
	// who has not found it in a thousand results narrows the search.
	PageSize = 20
	MaxPage  = 50

	// leastDelta is the size from which on the small segment is made one with the
	// large one, and deltaShare a share of that from which on it must be larger.
	leastDelta = 2000
	deltaShare = 10
)
