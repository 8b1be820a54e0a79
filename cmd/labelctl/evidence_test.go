package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/yamljson"
	"labeld/labels"
)

// exampleFiles are the files that signing about an example needs, in a directory.
type exampleFiles struct {
	dir                              string
	device, report, declaration, key string // files
	labID, makerID                   string
	example                          *example.Example
	signer                           *envelope.Signer
}

// newExampleFiles writes the files of an example, dated for today.
func newExampleFiles(t *testing.T, name string) *exampleFiles {
	t.Helper()
	e, err := example.Load(labels.FS, name, label.DateOf(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	d := &exampleFiles{dir: t.TempDir(), example: e, labID: e.Report.Lab, makerID: e.Device.Manufacturer}
	d.device = write(t, d.dir, "device.json", string(e.Descriptor))
	d.report = d.put(t, "report.yaml", e.Report)
	d.declaration = d.put(t, "declaration.yaml", e.Declaration)
	d.key = filepath.Join(d.dir, "signer.key")
	must(t, "key", "new", "--plain", "--out", d.key)
	if d.signer, err = envelope.LoadSigner(t.Context(), d.key, nil); err != nil {
		t.Fatal(err)
	}
	return d
}

// put writes a document to a file, one member to a line.
func (d *exampleFiles) put(t *testing.T, name string, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return write(t, d.dir, name, string(b))
}

func (d *exampleFiles) attest(t *testing.T, report string, more ...string) cliResult {
	t.Helper()
	return try(t, append([]string{"attest", "--results", report, "--device", d.device, "--key", d.key}, more...)...)
}

// read opens a bundle with the key of the files, as the service would.
func (d *exampleFiles) read(t *testing.T, bundle string) (*envelope.Verified, *scheme.Item) {
	t.Helper()
	u, err := envelope.Open([]byte(strings.TrimSpace(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := u.Verify([]*envelope.PublicKey{d.signer.Public})
	if err != nil {
		t.Fatal(err)
	}
	p, err := scheme.Load(labels.FS)
	if err != nil {
		t.Fatal(err)
	}
	item, err := p.Read(v)
	if err != nil {
		t.Fatal(err)
	}
	return v, item
}

func TestAttestAndDeclareTheExamples(t *testing.T) {
	for _, name := range example.Names {
		d := newExampleFiles(t, name)
		r := d.attest(t, d.report)
		if r.code != 0 {
			t.Fatalf("%s: exit code %d: %s", name, r.code, r.stderr)
		}
		v, item := d.read(t, r.stdout)
		if item.Signer != d.labID || !slices.Equal(v.Subjects(), []label.Digest{label.DigestOf(d.example.Descriptor)}) {
			t.Errorf("%s: signed by %s about %v", name, item.Signer, v.Subjects())
		}
		report, err := envelope.Predicate[label.TestReport](v)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := label.Encode(d.example.Report)
		if got, _ := label.Encode(report); string(got) != string(want) {
			t.Errorf("%s: the report came through as another:\n%s\nwant:\n%s", name, got, want)
		}

		out := filepath.Join(d.dir, "declaration.json")
		var answer struct{ Statement, Type, Device, Signer, Key, File string }
		mustJSON(t, &answer, "declare", "--declaration", d.declaration, "--device", d.device, "--key", d.key, "--out", out)
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		v, item = d.read(t, string(b))
		if item.Signer != d.makerID || answer.Statement != v.ID().String() || answer.Key != d.signer.Public.ID ||
			answer.Device != label.DigestOf(d.example.Descriptor).String() || answer.File != out || answer.Type != label.TypeDeclaration {
			t.Errorf("%s: signed by %s, answered %+v", name, item.Signer, answer)
		}
	}
}

func TestTheSignerMayBeLeftOut(t *testing.T) {
	d := newExampleFiles(t, "plug")
	e := *d.example.Report
	e.Lab = ""
	path := d.put(t, "nobody.json", &e)
	r := d.attest(t, path, "--as", "some-lab")
	if r.code != 0 {
		t.Fatal(r.stderr)
	}
	if _, item := d.read(t, r.stdout); item.Signer != "some-lab" {
		t.Errorf("signed for %s", item.Signer)
	}
	if r := d.attest(t, path); r.code != exitUsage || !strings.Contains(r.stderr, "--as") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	if r := d.attest(t, d.report, "--as", "some-lab"); r.code != exitFailed || !strings.Contains(r.stderr, "but --as is some-lab") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

func TestMistakesShowBeforeSigning(t *testing.T) {
	d := newExampleFiles(t, "plug")
	for _, tc := range []struct {
		name   string
		change func(*label.TestReport)
		want   string
	}{
		{"no number", func(r *label.TestReport) { r.Number = "" }, ": number: is required"},
		{"verdict", func(r *label.TestReport) { r.Verdicts[2].Verdict = "psas" }, "verdicts[2].verdict: (provision 5.1-2) must be"},
		{"no reason", func(r *label.TestReport) { r.Verdicts[2].Verdict = label.Fail }, "verdicts[2].reason: (provision 5.1-2) a verdict of fail"},
		{"provision twice", func(r *label.TestReport) { r.Verdicts[2].Provision = "4-1" }, "provision 4-1 stands here twice"},
		{"provision of another edition", func(r *label.TestReport) { r.Verdicts[2].Provision = "5.1-2A" }, "has no provision \"5.1-2A\""},
		{"edition", func(r *label.TestReport) { r.Edition = "V9" }, ": edition: "},
		{"standard", func(r *label.TestReport) { r.Standard = "iso-1" }, ": standard: "},
		{"unknown fact", func(r *label.TestReport) { r.Facts["colour"] = label.JSON(`"red"`) }, ": facts.colour: no such fact"},
		{"fact of the manufacturer", func(r *label.TestReport) { r.Facts["sbom_maintained"] = label.JSON(`true`) }, ": facts.sbom_maintained: is for the manufacturer"},
		{"fact of another type", func(r *label.TestReport) { r.Facts["uses_passwords"] = label.JSON(`"yes"`) }, ": facts.uses_passwords: must be true or false"},
		{"fact out of range", func(r *label.TestReport) { r.Facts["units_sampled_count"] = label.JSON(`-1`) }, ": facts.units_sampled_count: must be at least"},
		{"in the future", func(r *label.TestReport) { r.Period.To = r.Period.To.AddDays(400) }, ": period.to: "},
		{"too old", func(r *label.TestReport) {
			r.Period.From, r.Period.To = r.Period.From.AddMonths(-60), r.Period.To.AddMonths(-60)
		}, "longest that any scheme accepts"},
		{"own device", func(r *label.TestReport) { r.Lab = d.makerID }, ": lab: northlight is the manufacturer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := example.Load(labels.FS, "plug", label.DateOf(time.Now()))
			if err != nil {
				t.Fatal(err)
			}
			tc.change(e.Report)
			// A key that does not exist shows that none was asked for.
			r := d.attest(t, d.put(t, "bad.json", e.Report), "--key", filepath.Join(d.dir, "nosuch.key"))
			if r.code != exitFailed || r.stdout != "" || !strings.Contains(r.stderr, tc.want) || !regexp.MustCompile(`bad\.json:\d+: `).MatchString(r.stderr) {
				t.Errorf("exit code %d, want %q with a line:\n%s", r.code, tc.want, r.stderr)
			}
		})
	}

	d.example.Declaration.Facts["support_period_end_date"] = label.JSON(`"2031-01-01"`)
	for _, tc := range []struct{ file, device, want string }{
		{d.put(t, "other.json", d.example.Declaration), d.device, "differs from product.supportEnd"},
		{d.declaration, newExampleFiles(t, "toy").device, ": manufacturer: is northlight, but the device belongs to merrimake"},
		{d.report, d.device, "no such member"},
		{filepath.Join(d.dir, "nosuch"), d.device, "no such file"},
		{d.declaration, filepath.Join(d.dir, "nosuch"), "no such file"},
		{d.declaration, write(t, d.dir, "kind.json", strings.Replace(string(d.example.Descriptor), "smart-plug", "smart-plum", 1)), "no category \"smart-plum\""},
	} {
		r := try(t, "declare", "--declaration", tc.file, "--device", tc.device, "--key", d.key)
		if r.code != exitFailed || r.stdout != "" || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("exit code %d, want %q: %s", r.code, tc.want, r.stderr)
		}
	}
}

func TestWhatIsLeftOutIsNoted(t *testing.T) {
	d := newExampleFiles(t, "plug")
	d.example.Report.Verdicts = d.example.Report.Verdicts[2:]
	r := d.attest(t, d.put(t, "short.json", d.example.Report))
	if r.code != 0 || !strings.Contains(r.stderr, "note: says nothing about 2 provisions of en303645 V2.1.1: 4-1, 5.1-1") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

// entry is a line of a template that counts once its sign is removed.
var entry = regexp.MustCompile(`(?m)^( *)# `)

func TestTemplates(t *testing.T) {
	p, err := scheme.Load(labels.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, std := range p.Standards {
		for _, edition := range std.Editions {
			args := []string{"--template", "--standard", std.ID, "--edition", edition.ID}
			var want []string
			for _, v := range std.In(edition.ID) {
				want = append(want, v.ID)
			}

			var r label.TestReport
			text := must(t, append([]string{"attest"}, args...)...)
			parse(t, text, &r)
			checkForm(t, text, r.Standard+" "+r.Edition, std.ID+" "+edition.ID, r.Verdicts, want)
			r = label.TestReport{}
			parse(t, entry.ReplaceAllString(text, "$1"), &r)
			checkFacts(t, p, r.Facts, scheme.ByLab)

			var d label.Declaration
			text = must(t, append([]string{"declare"}, args...)...)
			parse(t, text, &d)
			checkForm(t, text, d.Standard+" "+d.Edition, std.ID+" "+edition.ID, d.Claims, want)
			d = label.Declaration{}
			parse(t, entry.ReplaceAllString(text, "$1"), &d)
			checkFacts(t, p, d.Facts, scheme.ByManufacturer)
		}
	}
}

func parse(t *testing.T, text string, v any) {
	t.Helper()
	b, err := yamljson.Convert([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := label.Decode(b, v); err != nil {
		t.Fatal(err)
	}
}

func checkForm(t *testing.T, text, got, want string, verdicts []label.Verdict, provisions []string) {
	t.Helper()
	if got != want {
		t.Errorf("template is for %s, want %s", got, want)
	}
	var ids []string
	for _, v := range verdicts {
		ids = append(ids, v.Provision)
		if v.Verdict != "" || v.Reason != "" {
			t.Errorf("provision %s has the verdict %q already", v.Provision, v.Verdict)
		}
	}
	if !slices.Equal(ids, provisions) {
		t.Errorf("provisions %v, want %v", ids, provisions)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#:") && len(line) > 110 {
			t.Errorf("a line of explanation has %d characters: %s", len(line), line)
		}
	}
}

func checkFacts(t *testing.T, p *scheme.Programme, facts label.Facts, by scheme.Supplier) {
	t.Helper()
	n := 0
	for name, f := range p.Facts {
		_, has := facts[name]
		if may := f.By == by || f.By == scheme.ByEither; may != has {
			t.Errorf("fact %s (by %s): in the template of a %s: %v", name, f.By, by, has)
		}
		if has {
			n++
		}
	}
	if n == 0 || n != len(facts) {
		t.Errorf("%d facts, of which %d are known", len(facts), n)
	}
}

func TestAFilledTemplateCanBeSigned(t *testing.T) {
	d := newExampleFiles(t, "plug")
	text := must(t, "attest", "--template", "--as", d.labID)
	today := label.DateOf(time.Now())
	for _, fill := range [][2]string{
		{"number: \"\"", "number: \"T-1\""},
		{"methods: []", "methods: [functional-test]"},
		{"from:\n", "from: " + today.AddDays(-9).String() + "\n"},
		{"to:\n", "to: " + today.AddDays(-1).String() + "\n"},
		{"version: \"\"", "version: \"1.10\""},
		{"sha256:\n", "sha256: " + strings.Repeat("ab", 32) + "\n"},
		{"# uses_passwords: #", "uses_passwords: true #"},
	} {
		if strings.Count(text, fill[0]) == 0 {
			t.Fatalf("the template has no %q", fill[0])
		}
		text = strings.Replace(text, fill[0], fill[1], 1)
	}
	text = strings.ReplaceAll(text, "verdict:\n", "verdict: pass\n")
	r := d.attest(t, write(t, d.dir, "filled.yaml", text))
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	if _, item := d.read(t, r.stdout); item.Signer != d.labID || item.Number != "T-1" || item.Firmware[0].Version != "1.10" {
		t.Errorf("signed %+v", item)
	}
}

func TestTemplatesAreNotOverwritten(t *testing.T) {
	path := write(t, t.TempDir(), "results.yaml", "hours of work")
	if r := try(t, "attest", "--template", "--out", path); r.code != exitFailed || !strings.Contains(r.stderr, "exists") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "hours of work" {
		t.Errorf("%s, %v", b, err)
	}
}

func TestSubmitRefusesBeforeCalling(t *testing.T) {
	d := newExampleFiles(t, "plug")
	for _, tc := range []struct{ path, want string }{
		{d.report, "neither a DSSE envelope"},
		{filepath.Join(d.dir, "nosuch"), "no such file"},
		{write(t, d.dir, "large", strings.Repeat(" ", label.MaxStatement+1)), "bytes that are accepted"},
		{write(t, d.dir, "empty", ""), "not valid JSON"},
	} {
		r := try(t, "submit", tc.path)
		if r.code != exitFailed || !strings.Contains(r.stderr, tc.want) || !strings.Contains(r.stderr, tc.path) {
			t.Errorf("exit code %d, want %q: %s", r.code, tc.want, r.stderr)
		}
	}
}

func TestSchemeData(t *testing.T) {
	var c struct{ Categories []struct{ ID, Risk string } }
	mustJSON(t, &c, "scheme", "categories")
	if len(c.Categories) == 0 || c.Categories[0].ID == "" || c.Categories[0].Risk == "" {
		t.Errorf("%+v", c)
	}
	var all, lab, maker struct {
		Facts []struct{ Name, Type, By string }
	}
	mustJSON(t, &all, "scheme", "facts")
	mustJSON(t, &lab, "scheme", "facts", "--by", "lab")
	mustJSON(t, &maker, "scheme", "facts", "--by", "manufacturer")
	if len(lab.Facts) == 0 || len(lab.Facts) >= len(all.Facts) || len(maker.Facts) == 0 || len(maker.Facts) >= len(all.Facts) {
		t.Errorf("%d facts, %d by labs, %d by manufacturers", len(all.Facts), len(lab.Facts), len(maker.Facts))
	}
	if r := try(t, "scheme", "facts", "--labels", t.TempDir()); r.code != exitFailed || !strings.Contains(r.stderr, "facts.yaml") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
