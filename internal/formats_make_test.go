package internal_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"labeld/internal/example"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/verify"
)

var (
	writeFormats = flag.Bool("formats.write", false, "make the examples in docs/formats anew")
	writeCorpus  = flag.String("corpus.write", "", "add what is signed now to the corpus, as a directory of this name")
)

// A story is what happens in one world of tests, so that what is signed in it belongs
// together: the label names the digests of the report and the declaration, the package has
// the label, and the trust file the keys that signed both. The keys are new each time, and
// nobody has them afterwards.
type story struct {
	*labeltest.World
	t       *testing.T
	camera  *authority.Published // suspended in the end
	devices [][]byte
	signed  [][]byte // statements: bundles, or envelopes of the log, in the order in which they were made
}

func (s *story) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) seconds() time.Time { return s.Clock.Now().UTC().Truncate(time.Second) }

// sign keeps a bundle among what was signed.
func (s *story) sign(bundle []byte) []byte {
	s.signed = append(s.signed, bundle)
	return bundle
}

// issue has an example labelled, and keeps its evidence.
func (s *story) issue(e *example.Example, level int) *authority.Published {
	s.sign(s.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report))
	s.sign(s.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, e.Declaration))
	s.devices = append(s.devices, e.Descriptor)
	return s.Issue(e, level)
}

// newStory tells of a label, a refusal, an appeal, a draw, and changes of the register, so
// that there is a statement of every type.
func newStory(t *testing.T) *story {
	s := &story{World: labeltest.New(t, nil), t: t}
	ctx, operator, maker := context.Background(), s.Caller(labeltest.Operator), s.Caller(labeltest.Maker)

	// A label, on a report and a declaration.
	camera := s.Example("camera")
	camera.Report.Verdicts[0].Methods = []label.Method{"document-review"}
	s.camera = s.issue(camera, 3)

	// A refusal, and a ruling on the appeal against it, on which a label rests.
	plug := s.Example("plug")
	labeltest.Claim(plug, "5.5-5", "5.6-4")
	outcome, err := s.Authority.Request(ctx, maker, s.Submit(plug), "", 2)
	s.check(err)
	refusal, err := outcome.Refusal.Signed.Envelope()
	s.check(err)
	text, err := label.Encode(refusal)
	s.check(err)
	s.sign(text)
	trail, _, err := s.Authority.Appeal(ctx, maker, s.sign(s.Seal(labeltest.Maker, plug.Descriptor, label.TypeAppeal, &label.Appeal{
		Manufacturer: labeltest.Maker, Decision: outcome.Refusal.Digest,
		Grounds: "The laboratory tested samples for developers, which are not sold.", Made: s.seconds(),
	})))
	s.check(err)
	_, _, err = s.Authority.Decide(ctx, operator, s.sign(s.Seal(labeltest.Operator, plug.Descriptor, label.TypeRulingRequest, &label.RulingRequest{
		Appeal: trail.Appeal.Digest, Outcome: label.Changed, Text: "Units from a shop were examined. The port is closed, and settings ask for the password.",
		Accepted: []string{"settings-guarded", "developer-port-shut"}, Made: s.seconds(),
	})))
	s.check(err)
	_, err = s.Authority.Request(ctx, maker, label.DigestOf(plug.Descriptor), "", 2)
	s.check(err)

	// A draw, before which the first label is suspended and a barcode number is moved.
	_, err = s.Authority.Plan(ctx, operator, s.sign(s.AskDraw(labeltest.Operator, surveillance.Request{ID: "autumn", Size: s.Authority.LogSize() + 3, Count: 1})))
	s.check(err)
	_, err = s.Authority.Change(ctx, operator, s.sign(s.Ask(labeltest.Operator, s.camera, label.Suspend, "vulnerability-open", func(r *label.StatusRequest) {
		r.Text = "Cameras with software older than 3.8.4 can be watched by strangers."
	})))
	s.check(err)
	_, err = s.Authority.Report(ctx, operator, s.sign(s.World.Event(label.Event{
		Kind: label.GTINEvent, GTIN: plug.Device.GTINs[0], Manufacturer: labeltest.ToyMaker, Reason: "misuse",
		Text: "The number had been assigned to another company.",
	})))
	s.check(err)
	s.check(s.Authority.Propagate(ctx))
	_, err = s.Authority.Draw(ctx, operator, "autumn")
	s.check(err)

	// A change of the register, and one that whoever runs the service makes in the open.
	request := label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Lab, Person: "head-of-tests", Name: "Head of tests", Made: s.seconds()}
	_, err = s.Authority.ChangeRegistry(ctx, s.Caller(labeltest.Lab), s.sign(labeltest.Registry(t, s.Signers[labeltest.Lab], request)))
	s.check(err)
	_, err = s.Authority.Recover(ctx, labeltest.Operator, "dan", labeltest.NewSigner(t).Public.PEM, "The others have lost their keys.")
	s.check(err)
	return s
}

// end logs the head of the audit trail, and keeps what is in the log.
func (s *story) end() {
	s.check(s.Authority.LogAuditHead(context.Background()))
	s.check(s.Store.View(func(v *store.View) error {
		for i := range s.Authority.LogSize() {
			env, err := v.Entry(i)
			if err != nil {
				return err
			}
			text, err := label.Encode(env)
			if err != nil {
				return err
			}
			s.sign(text)
		}
		return nil
	}))
	s.check(s.Authority.RefreshList())
}

// published returns how a label is shown now.
func (s *story) published(p *authority.Published) *authority.Published {
	p, err := s.Authority.Lookup(p.Label.ID)
	s.check(err)
	return p
}

// audit returns the exported audit trail.
func (s *story) audit() []byte {
	operator := s.Caller(labeltest.Operator)
	logged, _, err := s.Authority.AuditHead(operator)
	s.check(err)
	lines, err := s.Authority.ExportActs(operator, 0, label.MaxPage)
	s.check(err)
	head, err := label.Encode(verify.NewTrailHead(logged.Bundle, logged.Proof))
	s.check(err)
	return append(bytes.Join(slices.Insert(lines, 0, head), []byte("\n")), '\n')
}

// trust returns the trust file.
func (s *story) trust() []byte {
	s.Trust.LabelKeys[0].From = labeltest.Start
	b, err := label.Encode(s.Trust)
	s.check(err)
	return b
}

// A folder is where files are written.
type folder struct {
	t    *testing.T
	path string
}

func (f folder) write(name string, b []byte) {
	f.t.Helper()
	path := filepath.Join(f.path, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// document writes JSON as people read it.
func (f folder) document(name string, b []byte) {
	f.t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(b), "", "  "); err != nil {
		f.t.Fatal(err)
	}
	f.write(name, append(out.Bytes(), '\n'))
}

// TestMakeFormats makes the examples of docs/formats: of statements the first of each type.
func TestMakeFormats(t *testing.T) {
	if !*writeFormats {
		t.Skip("-formats.write makes the examples anew")
	}
	s := newStory(t)
	s.end()
	to := folder{t, formats}
	seen := map[string]bool{}
	for _, raw := range s.signed {
		u, err := envelope.Open(raw)
		s.check(err)
		if typ := u.PredicateType(); !seen[typ] {
			seen[typ] = true
			to.document(exampleOf(typ), u.Envelope().Payload)
		}
	}
	to.write("device.json", s.devices[0])
	to.document("bundle.json", s.camera.Bundle)
	to.document("package.json", s.published(s.camera).Package)
	to.document("trust.json", s.trust())
	to.write("qr.txt", []byte(qr.Payload(labeltest.Base, s.camera.Label.ID)+"\n"))
	to.write("status-list.jwt", append(s.Authority.StatusList(), '\n'))
	to.write("checkpoint.txt", s.Authority.Checkpoint())
	to.write("audit.jsonl", s.audit())
}

// TestMakeCorpus adds a directory to the corpus: every statement of a longer story, and a
// package of a label in each state, with what it yields.
func TestMakeCorpus(t *testing.T) {
	if *writeCorpus == "" {
		t.Skip("-corpus.write NAME adds to the corpus what is signed now")
	}
	dir := filepath.Join(corpus, *writeCorpus)
	if _, err := os.Stat(dir); err == nil {
		t.Fatalf("%s is there; what is in the corpus is not made anew", dir)
	}
	s := newStory(t)
	packages := s.lives()
	s.end()
	to := folder{t, dir}
	for i, raw := range s.signed {
		u, err := envelope.Open(raw)
		s.check(err)
		to.write(fmt.Sprintf("statements/%03d-%s", i, exampleOf(u.PredicateType())), raw)
	}
	for i, d := range s.devices {
		to.write(fmt.Sprintf("devices/%d.json", i), d)
	}
	for name, k := range s.Signers {
		to.write("keys/"+name+".pub", []byte(k.Public.PEM))
	}
	to.write("keys/second.pub", []byte(s.Second.Public.PEM))
	to.write("keys/label.pub", []byte(s.Issuer.Public().PEM))
	to.write("trust.json", s.trust())
	now := s.Clock.Now().UTC().Truncate(time.Second).Add(time.Second)
	var expected []expectation
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		pkg := s.published(packages[name]).Package
		for suffix, p := range map[string][]byte{"": pkg, "-forged": forged(t, pkg), "-cut": cut(t, pkg)} {
			if p == nil {
				continue
			}
			to.write("packages/"+name+suffix+".json", p)
			expected = append(expected, expect(s.Trust, name+suffix+".json", p, now))
		}
		expected = append(expected, expect(s.Trust, name+".json", pkg, now.AddDate(1, 0, 0)))
	}
	slices.SortFunc(expected, func(a, b expectation) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Package, b.Package)) })
	b, err := json.MarshalIndent(expected, "", "  ")
	s.check(err)
	to.write("expected.json", append(b, '\n'))
	to.write("status-list.jwt", append(s.Authority.StatusList(), '\n'))
	to.write("checkpoint.txt", s.Authority.Checkpoint())
	to.write("qr.txt", []byte(qr.Payload(labeltest.Base, s.camera.Label.ID)+"\n"))
	to.write("audit.jsonl", s.audit())
	to.write("members.txt", []byte(strings.Join(members(), "\n")+"\n"))
	t.Logf("freeze it as %q: %q", *writeCorpus, corpusSum(t, dir))
}

// lives tells how labels of other devices live, and returns them by how they stand.
func (s *story) lives() map[string]*authority.Published {
	ctx := context.Background()
	n := 0
	another := func() *authority.Published {
		n++
		e := s.Example("camera")
		labeltest.Variant(s.t, e, n)
		return s.issue(e, 3)
	}
	ask := func(org string, p *authority.Published, action label.Action, reason string, change func(*label.StatusRequest)) *authority.Change {
		c, err := s.Authority.Change(ctx, s.Caller(org), s.sign(s.Ask(org, p, action, reason, change)))
		s.check(err)
		return c
	}
	all := map[string]*authority.Published{"suspended": s.camera, "active": another()}

	p := another()
	all["under-review"] = p
	ask(labeltest.Operator, p, label.Review, "complaint", nil)

	p = another()
	all["reinstated"] = p
	ask(labeltest.Operator, p, label.Suspend, "complaint", nil)
	s.Clock.Set(s.Clock.Now().Add(time.Second))
	ask(labeltest.Operator, p, label.Reinstate, "unfounded", nil)

	p = another()
	all["revoked"] = p
	c := ask(labeltest.Operator, p, label.Revoke, "nonconformity", nil)
	_, err := s.Authority.Change(ctx, s.Caller(labeltest.Operator), s.sign(s.Countersign(s.Second, c.Request)))
	s.check(err)

	p = another()
	all["advised"] = p
	s.sign(s.AdvisoryEvent(labeltest.Maker, s.Example("camera").Advisory))
	s.Advise(labeltest.Maker, s.Example("camera").Advisory)

	p = another()
	all["withdrawn"] = p
	ask(labeltest.Maker, p, label.Withdraw, "discontinued", nil)

	p = another()
	all["withdrawal-announced"] = p
	ask(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = s.seconds().AddDate(0, 0, 30) })

	p = another()
	all["superseded"] = p
	c = ask(labeltest.Maker, p, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 })
	next, err := s.Authority.Lookup(c.Label.Label.ID)
	s.check(err)
	all["successor"] = next
	return all
}

// forged changes a character of the signature of the label in a package.
func forged(t *testing.T, pkg []byte) []byte {
	t.Helper()
	const signature = `"sig":"`
	i := bytes.Index(pkg, []byte(signature))
	if i < 0 {
		t.Fatal("a package has no signature")
	}
	out := bytes.Clone(pkg)
	if i += len(signature) + 40; out[i] == 'A' {
		out[i] = 'B'
	} else {
		out[i] = 'A'
	}
	return out
}

// cut leaves the last statement out of a package, or returns nil where there is none.
func cut(t *testing.T, pkg []byte) []byte {
	t.Helper()
	p, err := verify.ParsePackage(pkg)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Statuses) == 0 {
		return nil
	}
	p.Statuses = p.Statuses[:len(p.Statuses)-1]
	b, err := label.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
