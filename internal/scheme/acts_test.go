package scheme_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/scheme"
	"labeld/labels"
)

// TestActs breaks each rule that a table of acts has to keep.
func TestActs(t *testing.T) {
	whole, err := fs.ReadFile(labels.FS, "acts.yaml")
	must(t, err)
	submit := "{kind: evidence.submit, roles: [manufacturer, lab], signed: true}"
	revoke := "{kind: label.revoke, roles: [operator], signed: true, persons: 2}"
	for _, row := range []struct{ name, old, new, want string }{
		{"as it is", "", "", ""},
		{"unknown kind", "kind: label.revoke", "kind: label.erase", `"label.erase" is no kind of act that this service knows`},
		{"twice", submit, submit + "\n  - " + submit, `"evidence.submit" has a rule already`},
		{"missing", "  - " + submit + "\n", "", "no rule says who may do evidence.submit"},
		{"signed otherwise", submit, strings.Replace(submit, ", signed: true", "", 1), "signed: must be true of evidence.submit"},
		{"several for what is not signed", "{kind: device.register, roles: [manufacturer, operator]}", "{kind: device.register, roles: [manufacturer, operator], persons: 2}",
			"several persons can agree to what is signed only, and device.register is not"},
		{"several for evidence", submit, strings.Replace(submit, "signed: true", "signed: true, persons: 2", 1), "persons: must be 1 of evidence.submit: it counts when it comes in"},
		{"several for an appeal", "{kind: appeal.file, roles: [manufacturer], signed: true}", "{kind: appeal.file, roles: [manufacturer], signed: true, persons: 2}",
			"persons: must be 1 of appeal.file"},
		{"more organizations than persons", revoke, strings.Replace(revoke, "persons: 2", "persons: 2, organizations: 3", 1), "organizations: are more than the persons"},
		{"nobody", revoke, strings.Replace(revoke, "[operator]", "[]", 1), "roles: at least one is required"},
		{"no role", revoke, strings.Replace(revoke, "[operator]", "[shopper]", 1), "roles[0]: must be operator, lab or manufacturer"},
		{"a weaker way to a second voice", revoke, strings.Replace(revoke, "persons: 2", "persons: 3", 1), "can change who may act, and takes the strongest quorum that any act takes: persons: 3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := string(whole)
			if row.old != "" && strings.Count(text, row.old) != 1 {
				t.Fatalf("%q is in the table %d times", row.old, strings.Count(text, row.old))
			}
			text = strings.Replace(text, row.old, row.new, 1)
			_, _, err := scheme.ReadActs(fstest.MapFS{"acts.yaml": {Data: []byte(text)}}, "acts.yaml")
			if row.want == "" {
				must(t, err)
			} else if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("it is read with %v, want %q", err, row.want)
			}
		})
	}
}
