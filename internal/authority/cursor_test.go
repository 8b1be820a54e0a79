package authority

import (
	"bytes"
	"testing"

	"labeld/internal/label"
)

// TestCursorOf has everything refused that is not the token of the same list, whole.
func TestCursorOf(t *testing.T) {
	c := cursor{"labels|northlight", []byte("position")}
	token := c.token()
	if got, err := cursorOf(c.list, token); err != nil || got.list != c.list || !bytes.Equal(got.at, c.at) {
		t.Errorf("%q was read as %+v, %v", token, got, err)
	}
	if got, err := cursorOf(c.list, ""); err != nil || got.at != nil {
		t.Errorf("without a token the cursor is %+v, %v", got, err)
	}
	bad := map[string]string{
		"of another list":       cursor{"labels|merrimake", c.at}.token(),
		"with another list":     cursor{"labels", append([]byte("northlight\x00"), c.at...)}.token(),
		"of the beginning":      cursor{c.list, nil}.token(),
		"that is no base64":     "!",
		"with a byte behind":    token + "AA",
		"with padding":          token + "=",
		"as before the version": "cG9zaXRpb24",
		"that is long":          token + string(bytes.Repeat([]byte("A"), maxToken)),
	}
	for n := 1; n < len(token); n++ {
		bad["cut off at "+token[:n]] = token[:n]
	}
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		bad["changed to "+string(changed)] = string(changed)
	}
	for name, token := range bad {
		_, err := cursorOf(c.list, token)
		if e, ok := err.(*label.Error); !ok || e.Kind != label.Invalid || e.Field != "page_token" {
			t.Errorf("a token %s gave %v", name, err)
		}
	}
}

// FuzzCursorOf holds that a token that is read is the one that is given out.
func FuzzCursorOf(f *testing.F) {
	f.Add("labels", cursor{"labels", []byte("position")}.token())
	f.Fuzz(func(t *testing.T, list, token string) {
		c, err := cursorOf(list, token)
		if err == nil && token != "" && c.token() != token {
			t.Errorf("%q was read, and %q is given out", token, c.token())
		}
	})
}
