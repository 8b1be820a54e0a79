package store

import (
	"errors"
	"strings"
	"testing"
)

// TestRefusals has a database refused by its schema, saying what to do.
func TestRefusals(t *testing.T) {
	steps := []step{{from: schemaVersion - 2}, {from: schemaVersion - 1}}
	for schema, says := range map[uint32]string{
		schemaVersion - 3: "is of an older release of labeld, which can serve it",
		schemaVersion - 2: `run "labeld migrate --data programme"`,
		schemaVersion - 1: `run "labeld migrate --data programme"`,
		schemaVersion + 1: "is of a newer release of labeld: run that one",
	} {
		err := refuse("programme", schema, steps)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("schema %d gave %v, want %q", schema, err, says)
		}
		if older := schema == schemaVersion-1 || schema == schemaVersion-2; errors.Is(err, errOlder) != older {
			t.Errorf("that schema %d can be migrated is %v, want %v", schema, !older, older)
		}
	}
	if err := refuse("programme", schemaVersion, steps); err != nil {
		t.Errorf("the schema of this program gave %v", err)
	}
}
