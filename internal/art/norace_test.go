//go:build !race

package art_test

const raced = false
