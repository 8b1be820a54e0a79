package authority_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

var (
	dishonestSeed  = flag.Uint64("dishonest.seed", 0, "seed of TestDishonest; 0 draws one")
	dishonestSteps = flag.Int("dishonest.steps", 500, "steps of TestDishonest")
)

// tested is the provision about which laboratories differ.
const tested = "5.5-1"

// A trial is a report as the model knows it.
type trial struct {
	id      label.Digest
	lab     string
	day     label.Date
	arrived time.Time
	pass    bool
	changed bool
	struck  bool
}

// A modelProduct is what the model knows of a product: cameras of one model
// number, however it is spelled, and whatever they are called.
type modelProduct struct {
	devices []*modelDevice
	holds   map[string]modelHold // by what put them
}

type modelHold struct {
	since    time.Time
	evidence bool // a test after it lifts it
}

type modelDevice struct {
	*example.Example
	id       label.Digest
	trials   []*trial
	declared bool
}

// A dishonest world has a manufacturer who wants labels and does not care how,
// two laboratories of which one is his friend, and two operators who do their
// work.
type dishonest struct {
	*labeltest.World
	t         *testing.T
	rng       *rand.Rand
	products  []*modelProduct
	labels    map[label.ID]*modelDevice
	issued    []label.ID
	suspended map[string]bool // laboratories
	second    *envelope.Signer
	n         int
	done      map[string]int
}

const friendlyLab = "friendly-lab"

// TestDishonest has them act in random order, with clock steps and restarts. The
// model knows what each product deserves, by rules of its own that are as few as
// possible. After every step no label counts, without a review, that its evidence
// does not carry; no label is younger than an open hold on its product; and
// whatever happened to a label, its manufacturer was told, and the operators of
// what was judged again.
func TestDishonest(t *testing.T) {
	seed := *dishonestSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-dishonest.seed %d", seed)
	d := &dishonest{World: labeltest.New(t, nil), t: t, rng: rand.New(rand.NewPCG(seed, 0)), labels: map[label.ID]*modelDevice{},
		suspended: map[string]bool{}, second: labeltest.NewSigner(t), done: map[string]int{}}
	_, err := d.AddKey(ctx, d.Caller(labeltest.Operator), labeltest.Operator, d.second.Public.PEM, time.Time{})
	must(t, err)
	d.Enrol(friendlyLab, label.RoleLab)
	d.Accredit(friendlyLab, func(a *label.Accreditation) { a.Number = "T-friend" })
	for range 2 {
		d.products = append(d.products, &modelProduct{holds: map[string]modelHold{}})
		d.register(d.products[len(d.products)-1])
	}
	for step := range *dishonestSteps {
		d.step()
		must(t, d.Authority.Propagate(ctx))
		d.look(step)
	}
	t.Logf("%v", d.done)
	for _, act := range []string{"label", "hold", "pass", "fail", "strike", "judged"} {
		if *dishonestSteps >= 500 && d.done[act] == 0 {
			t.Errorf("no %s in %d steps", act, *dishonestSteps)
		}
	}
}

func (d *dishonest) now() time.Time { return d.Clock.Now().UTC().Truncate(time.Second) }

func (d *dishonest) product() *modelProduct { return d.products[d.rng.IntN(len(d.products))] }

func (p *modelProduct) device(rng *rand.Rand) *modelDevice {
	return p.devices[rng.IntN(len(p.devices))]
}

func (d *dishonest) step() {
	d.Clock.Set(d.now().Add(time.Second))
	switch n := d.rng.IntN(24); {
	case n == 0:
		d.Restart()
	case n < 4:
		d.Clock.Set(d.now().Add(time.Duration(1+d.rng.IntN(48)) * time.Hour)) // two hundred of these stay within the age of evidence
	case n == 4:
		d.register(d.product())
	case n < 9:
		d.report()
	case n < 11:
		d.declare(d.product().device(d.rng))
	case n < 15:
		d.request()
	case n < 17:
		d.renew()
	case n == 17:
		d.withdraw()
	case n == 18:
		d.strike()
	case n == 19:
		d.accredit()
	default:
		d.operate()
	}
}

// register registers the product once more, under another name.
func (d *dishonest) register(p *modelProduct) {
	if len(p.devices) == 3 {
		return
	}
	e := d.Example("camera")
	number := slices.Index(d.products, p)
	if number < 0 {
		number = len(d.products)
	}
	spelled := []string{"CAM %d", "cam-%d", "Cam_%d."}[d.rng.IntN(3)]
	d.n++
	e.Device.Model, e.Device.GTINs, e.Device.Name = fmt.Sprintf(spelled, number), nil, fmt.Sprintf("Camera %d", d.n)
	var err error
	e.Descriptor, err = e.Device.Canonical()
	must(d.t, err)
	_, _, err = d.Authority.Register(ctx, d.Caller(labeltest.Maker), e.Descriptor)
	if label.ReasonOf(err) == label.ReasonOnHold && len(p.holds) > 0 {
		return
	}
	must(d.t, err)
	p.devices = append(p.devices, &modelDevice{Example: e, id: label.DigestOf(e.Descriptor)})
}

// report has a laboratory report on a device: the friendly one passes it.
func (d *dishonest) report() {
	lab := []string{labeltest.Lab, friendlyLab}[d.rng.IntN(2)]
	dev := d.product().device(d.rng)
	d.n++
	tr := &trial{lab: lab, day: label.DateOf(d.now()).AddDays(-d.rng.IntN(3)), pass: lab == friendlyLab || d.rng.IntN(6) > 0, changed: d.rng.IntN(2) == 0}
	r := *dev.Report
	r.Lab, r.Number, r.Period.From, r.Period.To = lab, fmt.Sprintf("R-%d", d.n), tr.day.AddDays(-3), tr.day
	r.Verdicts, r.Firmware = slices.Clone(r.Verdicts), slices.Clone(r.Firmware)
	if tr.changed {
		r.Firmware[0].SHA256 = label.DigestOf([]byte(r.Number))
		r.Changed = &label.Change{What: label.ChangedFirmware, Text: "A new build."}
	}
	for i := range r.Verdicts {
		if r.Verdicts[i].Provision == tested && !tr.pass {
			r.Verdicts[i] = label.Verdict{Provision: tested, Verdict: label.Fail, Reason: "It does not."}
		}
	}
	st, _, err := d.Authority.Submit(ctx, d.Caller(lab), d.Seal(lab, dev.Descriptor, label.TypeTestReport, &r))
	if d.suspended[lab] {
		wants(d.t, err, label.Denied, label.ReasonScopeInterval)
		return
	}
	must(d.t, err)
	tr.id, tr.arrived = st.ID, st.Received
	dev.trials = append(dev.trials, tr)
	d.done[map[bool]string{true: "pass", false: "fail"}[tr.pass]]++
}

func (d *dishonest) declare(dev *modelDevice) {
	d.n++
	decl := *dev.Declaration
	decl.Date, decl.Number = label.DateOf(d.now()), fmt.Sprintf("D-%d", d.n)
	_, _, err := d.Authority.Submit(ctx, d.Caller(labeltest.Maker), d.Seal(labeltest.Maker, dev.Descriptor, label.TypeDeclaration, &decl))
	if label.ReasonOf(err) == label.ReasonTooLarge {
		return // his places for the day are taken
	}
	must(d.t, err)
	dev.declared = true
}

// carries reports whether the evidence of a device carries its label, by the
// model's own rules: what was found wrong with any device of the product counts,
// and what speaks for this one must be about it.
func (d *dishonest) carries(dev *modelDevice) bool {
	trusted := func(tr *trial) bool { return !tr.struck && !d.suspended[tr.lab] }
	for _, other := range d.productOf(dev).devices {
		for _, tr := range other.trials {
			undoes := func(u *trial) bool { return u.pass && u.changed && trusted(u) && u.day.After(tr.day) }
			if !tr.pass && !tr.struck && !slices.ContainsFunc(other.trials, undoes) && !slices.ContainsFunc(dev.trials, undoes) {
				return false
			}
		}
	}
	return dev.declared && slices.ContainsFunc(dev.trials, func(tr *trial) bool { return tr.pass && trusted(tr) })
}

// held returns whether anything is open about a product that nothing has lifted
// for a device.
func (d *dishonest) held(p *modelProduct, dev *modelDevice) bool {
	for _, h := range p.holds {
		lifted := h.evidence && slices.ContainsFunc(dev.trials, func(tr *trial) bool {
			return !tr.struck && tr.arrived.After(h.since) && tr.day.After(label.DateOf(h.since))
		})
		if !lifted {
			return true
		}
	}
	return false
}

// live returns the label of a device that stands, or nil.
func (d *dishonest) live(dev *modelDevice) *authority.Published {
	for _, id := range d.issued {
		if d.labels[id] != dev {
			continue
		}
		p, err := d.Authority.Lookup(id)
		must(d.t, err)
		if p.State.Live() {
			return p
		}
	}
	return nil
}

func (d *dishonest) request() {
	p := d.product()
	dev := p.device(d.rng)
	if d.live(dev) != nil {
		return
	}
	o, err := d.Authority.Request(ctx, d.Caller(labeltest.Maker), dev.id, "", 3)
	switch held := d.held(p, dev); {
	case label.ReasonOf(err) == label.ReasonOnHold && len(p.holds) > 0:
		d.done["hold"]++
	case held:
		d.t.Fatalf("a product on hold got %+v, %v", o, err)
	case err != nil:
		d.t.Fatal(err)
	case (o.Label != nil) != d.carries(dev):
		d.t.Fatalf("the evidence %s (declared %v) got %+v", trials(dev), dev.declared, o.Decision.MissingFor(3))
	case o.Label != nil:
		d.issue(o.Label.Label.ID, dev)
		d.done["label"]++
	}
}

func (d *dishonest) renew() {
	p := d.product()
	dev := p.device(d.rng)
	old := d.live(dev)
	if old == nil {
		return
	}
	if d.rng.IntN(4) > 0 {
		d.declare(dev)
		must(d.t, d.Authority.Propagate(ctx))
	}
	c, err := d.Authority.Change(ctx, d.Caller(labeltest.Maker), d.Ask(labeltest.Maker, old, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 }))
	if err != nil {
		return
	}
	if d.held(p, dev) || !d.carries(dev) {
		d.t.Fatalf("a product on hold (%v), or without evidence, was renewed", p.holds)
	}
	d.issue(c.Label.Label.ID, dev)
	d.done["renewal"]++
}

func (d *dishonest) issue(id label.ID, dev *modelDevice) {
	d.labels[id], d.issued = dev, append(d.issued, id)
}

func (d *dishonest) withdraw() {
	var old *authority.Published
	for range 8 { // until one is open to question, which is when he would like to
		if l := d.live(d.product().device(d.rng)); l != nil && (old == nil || len(l.Holds) > 0) {
			old = l
		}
	}
	if old == nil {
		return
	}
	_, err := d.Authority.Change(ctx, d.Caller(labeltest.Maker), d.Ask(labeltest.Maker, old, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
		if d.rng.IntN(2) == 0 {
			r.Effective = d.now().Add(36 * time.Hour)
		}
	}))
	if err != nil && len(old.Holds) > 0 {
		d.done["withdrawal refused"]++
	}
}

// strike has an operator strike a report, or all of a device.
func (d *dishonest) strike() {
	dev := d.product().device(d.rng)
	if len(dev.trials) == 0 {
		return
	}
	tr := dev.trials[d.rng.IntN(len(dev.trials))]
	if tr.struck {
		return
	}
	d.Report(label.Event{Kind: label.StatementEvent, Statement: tr.id, Reason: "authority-error"})
	tr.struck = true
	d.done["strike"]++
}

// accredit has the friendly laboratory lose its accreditation, or get it back.
func (d *dishonest) accredit() {
	if d.suspended[friendlyLab] {
		d.Accredit(friendlyLab, func(a *label.Accreditation) { a.Number = "T-friend" })
	} else {
		d.Report(label.Event{Kind: label.LabEvent, Lab: friendlyLab, Number: "T-friend", Reason: "lab-suspended"})
	}
	d.suspended[friendlyLab] = !d.suspended[friendlyLab]
	d.done["accreditation"]++
}

// operate has operators do what a label's evidence asks for: they lift only what
// its evidence carries.
func (d *dishonest) operate() {
	if len(d.issued) == 0 {
		return
	}
	var id label.ID
	var p *authority.Published
	for range 8 { // until there is something to do
		id = d.issued[d.rng.IntN(len(d.issued))]
		var err error
		p, err = d.Authority.Lookup(id)
		must(d.t, err)
		if p.State.Live() || len(p.Holds) > 0 {
			break
		}
	}
	dev := d.labels[id]
	change := func(a label.Action, reason string) {
		c, err := d.Authority.Change(ctx, d.Caller(labeltest.Operator), d.Ask(labeltest.Operator, p, a, reason, nil))
		if err == nil && c.Status == nil && d.rng.IntN(4) == 0 {
			_, err = d.Authority.CloseRequest(ctx, d.Caller(labeltest.Operator), c.Request.Digest, "It is the other model.")
			a = "dismissed"
		} else if err == nil && c.Status == nil {
			_, err = d.Authority.Change(ctx, d.Caller(labeltest.Operator), d.Countersign(d.second, c.Request))
		}
		must(d.t, err)
		d.done[string(a)]++
	}
	switch {
	case !p.State.Live() && len(p.Holds) > 0 && d.rng.IntN(2) == 0:
		change(label.Release, "resolved")
	case !p.State.Live():
	case p.State == label.Suspended && d.carries(dev):
		change(label.Reinstate, "resolved")
	case p.Review != nil && d.carries(dev):
		change(label.Clear, "resolved")
	case d.rng.IntN(8) == 0:
		change(label.Revoke, "nonconformity")
	case d.rng.IntN(3) > 0:
	case p.State == label.Active && p.Review == nil:
		change(label.Review, "complaint")
	}
}

// look checks what must hold after every step, and takes the holds from what the
// labels say.
func (d *dishonest) look(step int) {
	notices := d.notices()
	for _, p := range d.products {
		clear(p.holds)
	}
	for id, dev := range d.labels {
		l, err := d.Authority.Lookup(id)
		must(d.t, err)
		if l.State == label.Active && l.Review == nil && !d.carries(dev) {
			d.t.Fatalf("step %d: label %s counts after %s, and its evidence is %s", step, id, events(l), trials(dev))
		}
		for _, st := range l.Statuses {
			if !notices[fmt.Sprintf("%s-%d", id, st.Number)] {
				d.t.Fatalf("step %d: nobody was told of statement %d of label %s", step, st.Number, id)
			}
		}
		for _, st := range l.Holds {
			d.productOf(dev).holds[fmt.Sprintf("%s-%d", id, st.Number)] = modelHold{
				since: st.Recorded, evidence: slices.Contains([]string{"nonconformity", "test-failed", "lab-suspended"}, st.Reason),
			}
		}
	}
	for id, dev := range d.labels {
		l, err := d.Authority.Lookup(id)
		must(d.t, err)
		p := d.productOf(dev)
		for by, h := range p.holds {
			if !strings.HasPrefix(by, string(id)) && l.State.Live() && l.Label.Issued.After(h.since) && !h.evidence {
				d.t.Fatalf("step %d: label %s, issued %s, is younger than the hold of %s that label %s put", step, id, l.Label.Issued, h.since, by)
			}
		}
	}
	d.heard(step, notices)
	if step%50 == 49 {
		d.Authority.Close() // pages that are being freed look lost
		d.Check()
		d.Restart()
	}
}

// heard holds that everybody concerned was told of each statement that was struck, and
// the manufacturer of each request to revoke its label that waits or was closed.
func (d *dishonest) heard(step int, notices map[string]bool) {
	want := func(format string, args ...any) {
		if id := fmt.Sprintf(format, args...); !notices[id] {
			d.t.Fatalf("step %d: nobody was told %s", step, id)
		}
	}
	for _, p := range d.products {
		for _, dev := range p.devices {
			for _, tr := range dev.trials {
				if tr.struck {
					want("struck-%s-%s", tr.id, tr.lab)
					want("struck-%s-%s", tr.id, labeltest.Maker)
				}
			}
		}
	}
	must(d.t, d.Store.View(func(v *store.View) error {
		return v.Requests(nil, func(r *store.Request, _ []byte) bool {
			if r.Action == label.Revoke {
				want("request-waiting-%s-%s", r.Digest, labeltest.Maker)
			}
			if r.Action == label.Revoke && r.Closed != "" {
				want("request-closed-%s-%s", r.Digest, labeltest.Maker)
			}
			return true
		})
	}))
}

func (d *dishonest) productOf(dev *modelDevice) *modelProduct {
	i := slices.IndexFunc(d.products, func(p *modelProduct) bool { return slices.Contains(p.devices, dev) })
	return d.products[i]
}

// notices returns the IDs of what the manufacturer and the laboratories were told, and
// holds that the operators were told of the same judgements.
func (d *dishonest) notices() map[string]bool {
	told := map[string]bool{}
	must(d.t, d.Store.View(func(v *store.View) error {
		operators := map[string]bool{}
		err := v.OrgNotices(labeltest.Operator, nil, func(n *notice.Notice, _ []byte) bool { operators[n.ID] = true; return true })
		if err != nil {
			return err
		}
		for _, lab := range []string{labeltest.Lab, friendlyLab} {
			if err := v.OrgNotices(lab, nil, func(n *notice.Notice, _ []byte) bool { told[n.ID] = true; return true }); err != nil {
				return err
			}
		}
		return v.OrgNotices(labeltest.Maker, nil, func(n *notice.Notice, _ []byte) bool {
			told[n.ID] = true
			if n.Kind == notice.LabelJudged {
				d.done["judged"]++
				if !operators[n.ID+"-"+labeltest.Operator] {
					d.t.Fatalf("operators were not told of %s", n.ID)
				}
			}
			return true
		})
	}))
	return told
}

func trials(dev *modelDevice) string {
	s := fmt.Sprintf("declared %v", dev.declared)
	for _, tr := range dev.trials {
		s += fmt.Sprintf("; %s %s pass %v changed %v struck %v", tr.lab, tr.day, tr.pass, tr.changed, tr.struck)
	}
	return s
}

func events(p *authority.Published) (text string) {
	for _, st := range p.Statuses {
		text += fmt.Sprintf("%s (%s) of %s, ", st.Action, st.Reason, st.Recorded.Format(time.RFC3339))
	}
	return text
}
