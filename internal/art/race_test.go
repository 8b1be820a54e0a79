//go:build race

package art_test

// raced is whether the race detector is at work, which makes drawing ten times as
// slow.
const raced = true
