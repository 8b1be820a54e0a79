package scheme

import "time"

// A Doubt is why a statement that was accepted no longer counts, or not fully.
// Who admits statements knows it; judging only obeys.
type Doubt struct {
	Code    string    // stable, such as "struck"
	Text    string    // a sentence
	Against bool      // what it says against the device still counts
	Until   time.Time // where set: it counts fully before that instant, and bounds the label
}
