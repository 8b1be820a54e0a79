package notice_test

import (
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/notice"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		url   string
		wrong string // part of the refusal; empty where it is fine
	}{
		{"https://maker.example/labels?token=1", ""},
		{"https://maker.example:8443/", ""},
		{"https://93.184.216.34/", ""},
		{"http://maker.example/", "https"},
		{"http://localhost:8080/", "https"},
		{"ftp://maker.example/", "https"},
		{"maker.example", "not a URL"},
		{"https:///labels", "not a URL"},
		{"https://user:secret@maker.example/", "user name"},
		{"https://maker.example/#a", "fragment"},
		{"https://märker.example/", "xn--"},
		{"https://maker.example:22/", "port 22"},
		{"https://maker.example:99999/", "port 99999"},
		{"https://maker.example:/", "colon"},
		{"https://127.0.0.1/", "not a public one"},
		{"https://10.1.2.3/", "not a public one"},
		{"https://169.254.169.254/latest/meta-data", "not a public one"},
		{"https://[::1]/", "not a public one"},
		{"https://[fe80::1]/", "not a public one"},
		{"https://[fd00::1]/", "not a public one"},
		{"https://[::ffff:127.0.0.1]/", "not a public one"},
		{"https://[64:ff9b::7f00:1]/", "not a public one"},
		{"https://0.0.0.0/", "not a public one"},
		{"https://maker.example/" + strings.Repeat("a", label.MaxProse), "longer"},
	} {
		h := notice.Hook{ID: "h", Organization: "maker", URL: c.url, Secret: notice.NewSecret()}
		err := h.Validate(false)
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%.60s: %v, want %q", c.url, err, c.wrong)
		}
	}
}

func TestValidateKindsAndSecrets(t *testing.T) {
	good := notice.Hook{ID: "h", Organization: "maker", URL: "https://maker.example/", Secret: notice.NewSecret(), Kinds: []string{notice.LabelAdvised}}
	if err := good.Validate(false); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*notice.Hook){
		"kinds[0]":     func(h *notice.Hook) { h.Kinds = []string{"label.melted"} },
		"kinds[1]":     func(h *notice.Hook) { h.Kinds = []string{notice.LabelAdvised, notice.LabelAdvised} },
		"secret":       func(h *notice.Hook) { h.Secret = "whsec_c2hvcnQ=" },
		"organization": func(h *notice.Hook) { h.Organization = "" },
	} {
		h := good
		change(&h)
		if err := h.Validate(false); err == nil || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !good.Wants(notice.LabelAdvised) || good.Wants(notice.LabelRevoked) || !good.Wants(notice.HookTest) {
		t.Error("the hook wants other kinds than it lists")
	}
}
