package store

import (
	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
)

// An Identity is what a programme was served as: what its labels, once they are out,
// cannot do without.
type Identity struct {
	URL       string                  `json:"url"`       // base, as configured
	Authority string                  `json:"authority"` // ID of the operators' organization, in whose name is signed
	Name      string                  `json:"name"`      // of the authority, which may change
	LabelKeys []string                `json:"labelKeys"` // IDs of all that have signed labels
	Schemes   map[string]label.Digest `json:"schemes"`   // SHA-256 of each that was served, by ID, a space and version
}

// Identity returns what the programme was served as last, or [ErrNotFound].
func (v *View) Identity() (*Identity, error) { return getJSON[Identity](v, bMeta, kIdentity) }

// Identify records what the programme is served as.
func (s *Store) Identify(id *Identity) error {
	return s.update(func(tx *bolt.Tx) error { return putJSON(tx.Bucket(bMeta), kIdentity, id) }, nil)
}
