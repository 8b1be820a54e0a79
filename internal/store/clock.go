package store

import (
	"time"

	bolt "go.etcd.io/bbolt"
)

// An Acceptance is an operator's word that the present was right at an instant,
// although the time of the last commit spoke against it.
type Acceptance struct {
	Present   time.Time `json:"present"`   // that was accepted
	Committed time.Time `json:"committed"` // of the last commit, as it stood
}

// AcceptClock takes a present for right, by an operator's act: the last commit
// counts as made at it. It is remembered with the time that it replaced.
func (s *Store) AcceptClock(present time.Time) error {
	return s.update(func(tx *bolt.Tx) error {
		v := &View{tx: tx}
		list, err := v.Acceptances()
		if err != nil {
			return err
		}
		list = append(list, Acceptance{present.UTC(), v.Committed().UTC()})
		if err := putJSON(tx.Bucket(bMeta), kAccepted, list); err != nil {
			return err
		}
		return tx.Bucket(bMeta).Put(kCommitted, timeValue(present))
	}, nil)
}

// Acceptances returns the presents that operators took for right, oldest first.
func (v *View) Acceptances() ([]Acceptance, error) {
	b := v.tx.Bucket(bMeta).Get(kAccepted)
	if b == nil {
		return nil, nil
	}
	list, err := decode[[]Acceptance](bMeta, kAccepted, b)
	if err != nil {
		return nil, err
	}
	return *list, nil
}
