package internal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
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

var writeFormats = flag.Bool("formats.write", false, "make the examples in docs/formats anew")

// TestMakeFormats makes the examples of docs/formats in one world of tests, so that they
// belong together: the label names the digests of the report and the declaration, the
// package has the label, and the trust file the keys that signed both. The keys are
// new each time, and nobody has them afterwards.
func TestMakeFormats(t *testing.T) {
	if !*writeFormats {
		t.Skip("-formats.write makes the examples anew")
	}
	w := labeltest.New(t, nil)
	ctx, operator, maker := context.Background(), w.Caller(labeltest.Operator), w.Caller(labeltest.Maker)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, b []byte) {
		t.Helper()
		check(os.WriteFile(filepath.Join(formats, name), b, 0o644))
	}
	document := func(name string, b []byte) {
		t.Helper()
		var out bytes.Buffer
		check(json.Indent(&out, bytes.TrimSpace(b), "", "  "))
		write(name, append(out.Bytes(), '\n'))
	}
	statement := func(payload []byte) {
		t.Helper()
		var st label.Statement
		check(label.DecodeLoose(payload, &st))
		document(exampleOf(st.PredicateType), payload)
	}
	signed := func(bundle []byte) []byte {
		t.Helper()
		u, err := envelope.Open(bundle)
		check(err)
		statement(u.Envelope().Payload)
		return bundle
	}
	seconds := func() time.Time { return w.Clock.Now().UTC().Truncate(time.Second) }

	// A label, on a report and a declaration.
	camera := w.Example("camera")
	camera.Report.Verdicts[0].Methods = []label.Method{"document-review"}
	signed(w.Seal(labeltest.Lab, camera.Descriptor, label.TypeTestReport, camera.Report))
	signed(w.Seal(labeltest.Maker, camera.Descriptor, label.TypeDeclaration, camera.Declaration))
	issued := w.Issue(camera, 3)
	write("device.json", camera.Descriptor)
	document("bundle.json", issued.Bundle)
	write("qr.txt", []byte(qr.Payload(labeltest.Base, issued.Label.ID)+"\n"))

	// A refusal, and a ruling on the appeal against it, on which a label rests.
	plug := w.Example("plug")
	labeltest.Claim(plug, "5.5-5", "5.6-4")
	outcome, err := w.Authority.Request(ctx, maker, w.Submit(plug), "", 2)
	check(err)
	refusal, err := outcome.Refusal.Signed.Envelope()
	check(err)
	statement(refusal.Payload)
	trail, _, err := w.Authority.Appeal(ctx, maker, signed(w.Seal(labeltest.Maker, plug.Descriptor, label.TypeAppeal, &label.Appeal{
		Manufacturer: labeltest.Maker, Decision: outcome.Refusal.Digest,
		Grounds: "The laboratory tested samples for developers, which are not sold.", Made: seconds(),
	})))
	check(err)
	_, _, err = w.Authority.Decide(ctx, operator, signed(w.Seal(labeltest.Operator, plug.Descriptor, label.TypeRulingRequest, &label.RulingRequest{
		Appeal: trail.Appeal.Digest, Outcome: label.Changed, Text: "Units from a shop were examined. The port is closed, and settings ask for the password.",
		Accepted: []string{"settings-guarded", "developer-port-shut"}, Made: seconds(),
	})))
	check(err)
	_, err = w.Authority.Request(ctx, maker, label.DigestOf(plug.Descriptor), "", 2)
	check(err)

	// A draw, before which the first label is suspended and a barcode number is moved.
	_, err = w.Authority.Plan(ctx, operator, signed(w.AskDraw(labeltest.Operator, surveillance.Request{ID: "autumn", Size: w.Authority.LogSize() + 3, Count: 1})))
	check(err)
	_, err = w.Authority.Change(ctx, operator, signed(w.Ask(labeltest.Operator, issued, label.Suspend, "vulnerability-open", func(r *label.StatusRequest) {
		r.Text = "Cameras with software older than 3.8.4 can be watched by strangers."
	})))
	check(err)
	_, err = w.Authority.Report(ctx, operator, signed(w.Event(label.Event{
		Kind: label.GTINEvent, GTIN: plug.Device.GTINs[0], Manufacturer: labeltest.ToyMaker, Reason: "misuse",
		Text: "The number had been assigned to another company.",
	})))
	check(err)
	check(w.Authority.Propagate(ctx))
	_, err = w.Authority.Draw(ctx, operator, "autumn")
	check(err)

	// A change of the register, and one that whoever runs the service makes in the open.
	request := label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Lab, Person: "head-of-tests", Name: "Head of tests", Made: seconds()}
	_, err = w.Authority.ChangeRegistry(ctx, w.Caller(labeltest.Lab), signed(labeltest.Registry(t, w.Signers[labeltest.Lab], request)))
	check(err)
	_, err = w.Authority.Recover(ctx, labeltest.Operator, "dan", labeltest.NewSigner(t).Public.PEM, "The others have lost their keys.")
	check(err)

	// The audit trail.
	check(w.Authority.LogAuditHead(ctx))

	// All that is in the log, the first of each kind.
	check(w.Store.View(func(v *store.View) error {
		var seen []string
		for i := range w.Authority.LogSize() {
			env, err := v.Entry(i)
			if err != nil {
				return err
			}
			u, err := envelope.OpenEnvelope(env)
			if err != nil {
				return err
			}
			if !slices.Contains(seen, u.PredicateType()) {
				seen = append(seen, u.PredicateType())
				statement(env.Payload)
			}
		}
		return nil
	}))

	// What verifiers take away.
	check(w.Authority.RefreshList())
	write("status-list.jwt", append(w.Authority.StatusList(), '\n'))
	write("checkpoint.txt", w.Authority.Checkpoint())
	published := func() *authority.Published {
		p, err := w.Authority.Lookup(issued.Label.ID)
		check(err)
		return p
	}
	document("package.json", published().Package)
	logged, _, err := w.Authority.AuditHead(operator)
	check(err)
	lines, err := w.Authority.ExportActs(operator, 0, label.MaxPage)
	check(err)
	first, err := label.Encode(verify.NewTrailHead(logged.Bundle, logged.Proof))
	check(err)
	write("audit.jsonl", append(bytes.Join(slices.Insert(lines, 0, first), []byte("\n")), '\n'))
	w.Trust.LabelKeys[0].From = labeltest.Start
	b, err := label.Encode(w.Trust)
	check(err)
	document("trust.json", b)
}
