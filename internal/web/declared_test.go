package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"labeld/internal/web"
)

// TestDeclared has labels repeat what was declared of the facts that shoppers are
// told, and a label that repeats nothing, as those from before there were any.
func TestDeclared(t *testing.T) {
	w := newWorld(t)
	c := theContract()
	plug := w.Example("plug")
	for name := range plug.Declaration.Facts {
		if f := w.Programme.Facts[name]; f.Shoppers != nil {
			delete(plug.Declaration.Facts, name)
			delete(plug.Report.Facts, name)
		}
	}
	for _, tc := range []struct{ id, want string }{
		{string(w.camera().Label.ID), "consent_based_processing=true consent_withdrawal_available=true deletion_instructions_published=true external_sensing_present=true " +
			"personal_data_sent=true privacy_info_published=true processes_personal_data=true sensitive_personal_data_sent=true service_stores_personal_data=true telemetry_collected=true"},
		{string(w.issue(plug, 1).Label.ID), ""},
	} {
		body := get(w.h, "/l/"+tc.id+".json").Body.Bytes()
		c.holds(t, "Label", body)
		var l web.Label
		if err := json.Unmarshal(body, &l); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range l.Facts {
			got = append(got, fmt.Sprintf("%s=%v", d.Fact, d.Value))
			if want := w.Programme.Facts[d.Fact].Shoppers.Yes; d.Text != want {
				t.Errorf("%s is %q, want %q", d.Fact, d.Text, want)
			}
		}
		if s := strings.Join(got, " "); s != tc.want || strings.Contains(string(body), `"facts"`) != (tc.want != "") {
			t.Errorf("the JSON has declared %q, want %q", s, tc.want)
		}
	}
	p := w.camera()
	w.pass(time.Minute)                         // what was rendered is forgotten
	h := w.handler(otherProgramme{w.Authority}) // a dictionary without these facts
	if body := get(h, "/l/"+string(p.Label.ID)+".json").Body.Bytes(); !strings.Contains(string(body), `{"fact":"personal_data_sent","value":true,"by":"`) {
		t.Errorf("without words: %s", body)
	} else {
		c.holds(t, "Label", body)
	}
}
