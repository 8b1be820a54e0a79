package label_test

import (
	"testing"
	"time"

	"labeld/internal/label"
)

func schemeVersion() *label.SchemeVersion {
	return &label.SchemeVersion{
		Scheme: label.SchemeRef{ID: "four-level", Version: "1.0", Name: "Four levels", SHA256: someDigest},
		Files:  []label.DataFile{{Name: "facts.yaml", SHA256: someDigest}, {Name: "standards/en303645.yaml", SHA256: someDigest}},
		From:   label.NewDate(2026, 1, 1), Until: label.NewDate(2026, 12, 31),
		Authority: label.Party{ID: "authority", Name: "The Authority"},
		Recorded:  time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
	}
}

func TestSchemeVersion(t *testing.T) {
	checkRules(t, schemeVersion, []rule[*label.SchemeVersion]{
		{"scheme that is no identifier", func(s *label.SchemeVersion) { s.Scheme.ID = "Four levels" }, label.ReasonMalformed, "scheme.id"},
		{"no version", func(s *label.SchemeVersion) { s.Scheme.Version = "" }, label.ReasonMissing, "scheme.version"},
		{"no file", func(s *label.SchemeVersion) { s.Scheme.SHA256 = label.Digest{} }, label.ReasonMissing, "scheme.sha256"},
		{"no name of a file", func(s *label.SchemeVersion) { s.Files[0].Name = "" }, label.ReasonMalformed, "files[0].name"},
		{"file outside", func(s *label.SchemeVersion) { s.Files[0].Name = "../facts.yaml" }, label.ReasonMalformed, "files[0].name"},
		{"directory", func(s *label.SchemeVersion) { s.Files[0].Name = "." }, label.ReasonMalformed, "files[0].name"},
		{"files in another order", func(s *label.SchemeVersion) { s.Files[0].Name = "t.yaml" }, label.ReasonNotCanonical, "files[1].name"},
		{"file twice", func(s *label.SchemeVersion) { s.Files[1].Name = "facts.yaml" }, label.ReasonNotCanonical, "files[1].name"},
		{"file without digest", func(s *label.SchemeVersion) { s.Files[1].SHA256 = label.Digest{} }, label.ReasonMissing, "files[1].sha256"},
		{"no first day", func(s *label.SchemeVersion) { s.From = label.Date{} }, label.ReasonMissing, "from"},
		{"end before the beginning", func(s *label.SchemeVersion) { s.Until = label.NewDate(2025, 1, 1) }, label.ReasonOutOfRange, "until"},
		{"no authority", func(s *label.SchemeVersion) { s.Authority.ID = "" }, label.ReasonMissing, "authority.id"},
		{"no instant", func(s *label.SchemeVersion) { s.Recorded = time.Time{} }, label.ReasonMalformed, "recorded"},
	})
	checkAccepted(t, schemeVersion, map[string]func(*label.SchemeVersion){
		"from before files were named": func(s *label.SchemeVersion) { s.Files = nil },
		"without an end":               func(s *label.SchemeVersion) { s.Until = label.Date{} },
	})
	s := schemeVersion()
	s.Files = make([]label.DataFile, label.MaxSchemeFiles+1)
	wantRefusal(t, s.Validate(), label.TooLarge, label.ReasonTooLarge, "files")
}
