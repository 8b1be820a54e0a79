package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestExitCodes types what cannot be meant, and what can be and fails: scripts tell
// the two apart by the exit code, as they do with labelctl.
func TestExitCodes(t *testing.T) {
	nowhere := t.TempDir()
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"--version", 0, ""},
		{"serve", 2, "\"labeld serve --help\" says how"},
		{"serve --data", 2, "\"labeld serve --help\" says how"},
		{"serve --data " + nowhere + " --port 80", 2, "--port"},
		{"check --data " + nowhere + " more", 2, "more"},
		{"clock --accept=perhaps --data " + nowhere, 2, "perhaps"},
		{"head", 2, "data"},
		{"serv", 2, "serve"},
		{"init --data " + nowhere + " --authority a --name A --url labels --plain", 2, "--url"},
		{"demo --http 0.0.0.0:0", 2, "not a loopback address"},
		{"serve --data " + nowhere, 1, "labeld init"},
		{"check --data " + nowhere, 1, "labeld init"},
		{"head --data " + nowhere, 1, "labeld init"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(tc.args), &out, &errs); code != tc.code || !strings.Contains(strings.Join(strings.Fields(errs.String()), " "), tc.says) {
			t.Errorf("labeld %s ends with %d and %q, want %d and %q", tc.args, code, errs.String(), tc.code, tc.says)
		}
	}
}
