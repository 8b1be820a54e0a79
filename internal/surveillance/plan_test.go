package surveillance_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

const planText = `{"id":"2027-spring","scheme":"four-level","size":1200,"count":25,` +
	`"weights":{"risk":{"high":6,"low":1,"medium":3},"level":[1,1,2,3],"assurance":{"lab-tested":1,"self-declared":2}}}`

func plan(t *testing.T) *surveillance.Plan {
	t.Helper()
	var p surveillance.Plan
	if err := label.Decode([]byte(planText), &p); err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestPlanText(t *testing.T) {
	p := plan(t)
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil || string(text) != planText {
		t.Errorf("%s, %v; want %s", text, err, planText)
	}
}

func TestPlanRefuses(t *testing.T) {
	type P = *surveillance.Plan
	for _, row := range []struct {
		name   string
		change func(p P)
		field  string
		reason label.Reason
	}{
		{"no ID", func(p P) { p.ID = "" }, "id", label.ReasonMissing},
		{"an ID in upper case", func(p P) { p.ID = "2027-Spring" }, "id", label.ReasonMalformed},
		{"an ID with a separator", func(p P) { p.ID = "2027\x00spring" }, "id", label.ReasonMalformed},
		{"an ID that begins with a hyphen", func(p P) { p.ID = "-2027" }, "id", label.ReasonMalformed},
		{"a long ID", func(p P) { p.ID = strings.Repeat("a", 64) }, "id", label.ReasonMalformed},
		{"no scheme", func(p P) { p.Scheme = "" }, "scheme", label.ReasonMissing},
		{"no size", func(p P) { p.Size = 0 }, "size", label.ReasonOutOfRange},
		{"a size no log reaches", func(p P) { p.Size = translog.MaxSize + 1 }, "size", label.ReasonOutOfRange},
		{"none to draw", func(p P) { p.Count = 0 }, "count", label.ReasonOutOfRange},
		{"too many to draw", func(p P) { p.Count = surveillance.MaxCount + 1 }, "count", label.ReasonOutOfRange},
		{"no weights", func(p P) { p.Weights = surveillance.Weights{} }, "weights.risk", label.ReasonOutOfRange},
		{"a risk class in words", func(p P) { p.Weights.Risk["Quite high"] = 9 }, "weights.risk", label.ReasonMalformed},
		{"too many risk classes", func(p P) {
			for i := range label.MaxRisks {
				p.Weights.Risk["class-"+strconv.Itoa(i)] = 1
			}
		}, "weights.risk", label.ReasonOutOfRange},
		{"a factor of nothing", func(p P) { p.Weights.Risk["low"] = 0 }, "weights.risk.low", label.ReasonOutOfRange},
		{"no levels", func(p P) { p.Weights.Level = nil }, "weights.level", label.ReasonOutOfRange},
		{"too many levels", func(p P) { p.Weights.Level = make([]int, surveillance.MaxLevels+1) }, "weights.level", label.ReasonOutOfRange},
		{"a negative factor", func(p P) { p.Weights.Level[2] = -1 }, "weights.level[2]", label.ReasonOutOfRange},
		{"an assurance without a factor", func(p P) { delete(p.Weights.Assurance, label.LabTested) }, "weights.assurance.lab-tested", label.ReasonMissing},
		{"an unknown assurance", func(p P) { p.Weights.Assurance["hearsay"] = 1 }, "weights.assurance", label.ReasonUnknownField},
		{"a large factor", func(p P) { p.Weights.Assurance[label.SelfDeclared] = surveillance.MaxFactor + 1 }, "weights.assurance.self-declared", label.ReasonOutOfRange},
	} {
		p := plan(t)
		row.change(p)
		refused(t, row.name, p.Validate(), row.field, row.reason)
	}
}

func TestCheckEntry(t *testing.T) {
	p := plan(t)
	for index, ok := range map[int64]bool{0: true, 1198: true, 1199: false, 1200: false, math.MaxInt64: false} {
		err := p.CheckEntry(index)
		if (err == nil) != ok || !ok && label.KindOf(err) != label.Precondition {
			t.Errorf("a plan for size %d that is entry %d: %v", p.Size, index, err)
		}
	}
}

func TestWeights(t *testing.T) {
	w := &plan(t).Weights
	for _, row := range []struct {
		risk      string
		level     int
		assurance label.Assurance
		want      int64
		field     string
	}{
		{"low", 1, label.LabTested, 1, ""},
		{"low", 1, label.SelfDeclared, 2, ""},
		{"high", 4, label.SelfDeclared, 36, ""},
		{"medium", 3, label.LabTested, 6, ""},
		{"", 1, label.LabTested, 0, "risk"},
		{"low", 0, label.LabTested, 0, "level"},
		{"low", 5, label.LabTested, 0, "level"},
		{"low", 1, "hearsay", 0, "assurance"},
	} {
		got, err := w.Of(row.risk, row.level, row.assurance)
		if got != row.want || (err == nil) != (row.field == "") {
			t.Errorf("%+v: %d, %v", row, got, err)
		}
		if err != nil {
			refused(t, row.field, err, row.field, label.ReasonOutOfRange)
		}
	}
	m := surveillance.MaxFactor
	most := surveillance.Weights{
		Risk:      map[string]int{"low": m, "medium": m, "high": m},
		Level:     []int{m},
		Assurance: map[label.Assurance]int{label.SelfDeclared: m, label.LabTested: m},
	}
	if err := most.Validate(); err != nil {
		t.Fatal(err)
	}
	if got, err := most.Of("high", 1, label.LabTested); err != nil || got != 1_000_000_000 {
		t.Errorf("the greatest weight is %d, %v", got, err)
	}
	_, err := most.Of("huge", 1, label.LabTested)
	if want := `risk: "huge" has no factor in the plan, which has them for high, low, medium`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if !reflect.DeepEqual(w, &plan(t).Weights) {
		t.Error("weights changed")
	}
}
