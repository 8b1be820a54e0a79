package web_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/web"
)

// TestCriteriaThatDoNotApply shows a plug that is too limited to slow down the
// guessing of passwords: that is not shown as something that it does well.
func TestCriteriaThatDoNotApply(t *testing.T) {
	w := newWorld(t)
	c := theContract()
	e := w.Example("plug")
	e.Declaration.Facts["is_constrained"], e.Report.Facts["is_constrained"] = label.JSON("true"), label.JSON("true")
	id := string(w.issue(e, 1).Label.ID)
	body := get(w.h, "/l/"+id+".json").Body.Bytes()
	c.holds(t, "Label", body)
	var l web.Label
	if err := json.Unmarshal(body, &l); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(l.Criteria, func(c label.Criterion) bool { return c.ID == "guessing-blocked" })
	if i < 0 || l.Criteria[i].State != label.CriterionNotApplicable || l.Criteria[i].By != "lab" || !slices.Equal(l.Criteria[i].Why, []string{"is_constrained=true"}) {
		t.Errorf("the criteria are %+v", l.Criteria)
	}
	page := get(w.h, "/l/"+id).Body.String()
	for _, want := range []string{
		"What was checked and is met (9)", "Does not apply to this product (1)", `Passwords cannot be guessed by trying <small>(<code dir="ltr">is_constrained=true</code>, tested by a laboratory)</small>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	met, _, _ := strings.Cut(page, "Does not apply to this product")
	if strings.Contains(met, "Passwords cannot be guessed by trying") {
		t.Error("what does not apply is listed as met")
	}
	other := get(w.h, "/compare?id="+id+"&id="+string(w.camera().Label.ID)).Body.String()
	if !strings.Contains(other, "<bdi>does not concern this product</bdi>") {
		t.Error("the comparison does not tell what does not apply from what is met")
	}
}
