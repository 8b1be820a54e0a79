package store

import "labeld/internal/label"

// A Plan says where the log has a plan for surveillance, and what was drawn. The
// statements themselves are the log entries.
type Plan struct {
	ID      string           `json:"-"`
	Index   int64            `json:"index"`         // log entry of the plan
	Draw    int64            `json:"draw,omitzero"` // of the draw; 0 before, since a plan precedes it
	Asked   label.Digest     `json:"asked"`         // the operator's signed request
	Request RequestSignature `json:"request"`
}

func (p *Plan) code(c *coder) {
	codeText(c, &p.ID)
	c.json(p)
}

func (p *Plan) edit(e *edits) { e.putJSON(bPlans, []byte(p.ID), p) }

// Plan returns a plan.
func (v *View) Plan(id string) (*Plan, error) {
	p, err := getJSON[Plan](v, bPlans, []byte(id))
	if err == nil {
		p.ID = id
	}
	return p, err
}

// Plans calls f with every plan, by ID, from the one after an ID on, until f
// returns false.
func (v *View) Plans(after string, f func(*Plan) bool) error {
	return each(v, bPlans, append([]byte(after), 0), 0, func(k []byte, p *Plan) bool {
		p.ID = string(k)
		return f(p)
	})
}

// plans checks that the log entries of plans are there and theirs alone.
func (c *checker) plans() {
	c.each(bPlans, func(k, v []byte) {
		p, err := decode[Plan](bPlans, k, v)
		if err != nil {
			c.badf("plan %q: %v", k, err)
			return
		}
		c.claims(p.Index, "plan "+string(k))
		if p.Draw != 0 {
			c.claims(p.Draw, "draw of "+string(k))
		}
	})
}
