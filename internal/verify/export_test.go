package verify

import "labeld/internal/label"

// Label returns the label about a device that a bundle holds, as a package has it.
func (t *Trust) Label(bundle, device []byte) (*label.Label, error) {
	l, _, _, err := t.label(bundle, device)
	return l, err
}
