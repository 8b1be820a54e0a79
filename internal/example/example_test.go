package example_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/labels"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// days are the presents that examples are loaded for.
var days = []label.Date{
	example.Written,
	example.Written.AddDays(1),
	example.Written.AddDays(400),
	example.Written.AddDays(-400),
	label.NewDate(2028, time.February, 29),
	label.NewDate(2028, time.March, 1),
	label.NewDate(2040, time.December, 31),
}

// between counts the days from a to b.
func between(a, b label.Date) int { return int(b.Start().Sub(a.Start()) / (24 * time.Hour)) }

// TestRedate loads every example for many days. Whatever is a date stands as
// far from the present as it stood from the day the files were written; what is
// none does not move; and the programme accepts and judges it all the same.
func TestRedate(t *testing.T) {
	p, err := scheme.Load(labels.FS)
	must(t, err)
	reached := map[string]int{"camera": 3, "plug": 1, "toy": 0}
	if len(example.Names) != len(reached) {
		t.Fatalf("there are the examples %v", example.Names)
	}
	s := labeltest.NewSigner(t)
	for _, name := range example.Names {
		first, err := example.Load(labels.FS, name, example.Written)
		must(t, err)
		for _, today := range days {
			t.Run(name+"/"+today.String(), func(t *testing.T) {
				e, err := example.Load(labels.FS, name, today)
				must(t, err)
				if string(e.Descriptor) != string(first.Descriptor) {
					t.Error("the device depends on the day")
				}
				if _, err := label.ParseDevice(e.Descriptor); err != nil {
					t.Error(err)
				}
				if typ, err := label.CheckPicture(e.Picture); err != nil || typ != "image/png" || label.DigestOf(e.Picture) != e.Device.Picture {
					t.Errorf("its picture is %q with SHA-256 %s, %v", typ, label.DigestOf(e.Picture), err)
				}
				for _, d := range []struct {
					what        string
					then, there label.Date
				}{
					{"period.from", first.Report.Period.From, e.Report.Period.From},
					{"period.to", first.Report.Period.To, e.Report.Period.To},
					{"declaration", first.Declaration.Date, e.Declaration.Date},
					{"supportEnd", first.Declaration.Product.SupportEnd, e.Declaration.Product.SupportEnd},
				} {
					if got, want := between(today, d.there), between(example.Written, d.then); got != want {
						t.Errorf("%s is %d days from the present, was %d", d.what, got, want)
					}
				}
				for fact, raw := range e.Declaration.Facts {
					if p.Facts[fact] == nil {
						t.Errorf("the fact %s is not in the dictionary", fact)
						continue
					}
					want := string(first.Declaration.Facts[fact])
					if p.Facts[fact].Type == scheme.Date {
						if fact != "support_period_end_date" {
							t.Errorf("%s is a date that does not move", fact)
						}
						want = `"` + e.Declaration.Product.SupportEnd.String() + `"`
					}
					if string(raw) != want {
						t.Errorf("the fact %s is %s, want %s", fact, raw, want)
					}
				}
				for fact, raw := range e.Report.Facts {
					if string(raw) != string(first.Report.Facts[fact]) || p.Facts[fact].Type == scheme.Date {
						t.Errorf("the measured fact %s is %s, was %s", fact, raw, first.Report.Facts[fact])
					}
				}

				now := today.Start().Add(9 * time.Hour)
				var items []*scheme.Item
				for _, st := range []struct {
					kind      string
					predicate any
				}{{label.TypeTestReport, e.Report}, {label.TypeDeclaration, e.Declaration}} {
					u, err := envelope.Open(labeltest.Seal(t, s, e.Descriptor, st.kind, st.predicate))
					must(t, err)
					v, err := u.Verify([]*envelope.PublicKey{s.Public})
					must(t, err)
					it, err := p.Read(v)
					must(t, err)
					must(t, p.CheckAge(it, now))
					items = append(items, it)
				}
				must(t, p.CheckDevice(e.Device))
				d, err := p.Newest("four-level").Evaluate(e.Device, label.DigestOf(e.Descriptor), items, now)
				must(t, err)
				if d.Reached != reached[name] {
					t.Errorf("reaches level %d, want %d", d.Reached, reached[name])
				}
			})
		}
	}
}

// TestOwnData loads each time anew: what a caller does to one example is not
// seen in the next.
func TestOwnData(t *testing.T) {
	a, err := example.Load(labels.FS, "camera", example.Written)
	must(t, err)
	a.Declaration.Facts["support_period_end_date"] = label.JSON("1")
	a.Report.Verdicts[0].Verdict = label.Fail
	b, err := example.Load(labels.FS, "camera", example.Written)
	must(t, err)
	if string(b.Declaration.Facts["support_period_end_date"]) == "1" || b.Report.Verdicts[0].Verdict != label.Pass {
		t.Error("two loads share their facts or verdicts")
	}
}

func TestLoadRefuses(t *testing.T) {
	device := "type: " + label.TypeDevice + "\nmanufacturer: m\nbrand: B\nmodel: M\nname: N\ncategory: toy\n"
	for _, row := range []struct {
		name, example string
		device        string
		want          string
	}{
		{"unknown", "kettle", device, `no example "kettle"`},
		{"outside", "../examples/camera", device, "no example"},
		{"not YAML", "camera", "brand: [", "examples/camera/device.yaml: "},
		{"unknown member", "camera", device + "colour: red\n", "examples/camera/device.yaml: colour: no such member"},
		{"repeated member", "camera", device + "brand: C\n", `examples/camera/device.yaml: line 7: "brand" stands here twice`},
		{"no report", "camera", device, "examples/camera/report.yaml: file does not exist"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := fstest.MapFS{"examples/camera/device.yaml": &fstest.MapFile{Data: []byte(row.device)}}
			e, err := example.Load(m, row.example, example.Written)
			if err == nil {
				t.Fatalf("loaded %+v", e)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("refused with %v, want %q", err, row.want)
			}
		})
	}
	if _, err := example.Load(os.DirFS(t.TempDir()), "camera", example.Written); err == nil {
		t.Error("an empty folder has a camera")
	}
}
