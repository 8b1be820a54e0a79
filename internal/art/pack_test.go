package art_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

func TestPack(t *testing.T) {
	s := labeltest.Studio(t)
	model := must[*art.Model](t)(s.Describe(subject(nil), "fi", "en"))
	for _, tt := range []struct {
		format, palette string
		files           int
	}{{"", "one-colour", 3*3 + 2}, {"small", "", 3*3 + 2}, {"landscape", "colour", 3 + 2}} {
		pack := must[[]byte](t)(s.Pack(t.Context(), model, tt.format, tt.palette))
		m, files, err := art.Unpack(pack)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != tt.files || len(m.Files) != tt.files-1 {
			t.Errorf("%s, %s: %d files", tt.format, tt.palette, len(files))
		}
		if m.Label != model.ID || !slices.Equal(m.Languages, []string{"fi", "en"}) || m.Alt != model.Alt() || !slices.Equal(m.Text, model.Lines()) {
			t.Errorf("the manifest is %+v", m)
		}
		for _, f := range m.Files {
			if f.Name == art.TextName {
				continue
			}
			d := must[*art.Drawing](t)(s.Compose(model, f.Format, f.Palette))
			kind := f.Name[len(f.Name)-3:]
			if want := must[[]byte](t)(d.Write(kind)); !bytes.Equal(want, files[f.Name]) || f.Type != art.MediaType(kind) || f.WidthMM != d.Width || f.HeightMM != d.Height || f.Bytes != len(want) {
				t.Errorf("%+v is not that drawing", f)
			}
		}
	}
	for _, tt := range [][2]string{{"poster", ""}, {"", "neon"}} {
		if _, err := s.Pack(t.Context(), model, tt[0], tt[1]); label.KindOf(err) != label.NotFound {
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// zipped makes a zip file.
func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, files[name])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpackRefuses(t *testing.T) {
	manifest := func(names ...string) string {
		var list []string
		for _, n := range names {
			list = append(list, fmt.Sprintf(`{"name":%q,"type":"x","sha256":"%s","bytes":1}`, n, label.DigestOf([]byte("x"))))
		}
		return `{"label":"K7QM4T2X9PWH","languages":[],"alt":"","text":[],"files":[` + strings.Join(list, ",") + `]}`
	}
	if _, _, err := art.Unpack(zipped(t, map[string]string{art.ManifestName: manifest("a.svg"), "a.svg": "x"})); err != nil {
		t.Fatal(err)
	}
	many := map[string]string{art.ManifestName: manifest()}
	for i := range art.MaxFiles {
		many[fmt.Sprint("f", i)] = ""
	}
	for name, tt := range map[string]struct {
		pack []byte
		want string
	}{
		"no zip":        {[]byte("PK"), "is no zip file"},
		"no manifest":   {zipped(t, map[string]string{"a.svg": "x"}), "has no readable manifest.json"},
		"other bytes":   {zipped(t, map[string]string{art.ManifestName: manifest("a.svg"), "a.svg": "y"}), "a.svg is missing, or is not the file"},
		"missing":       {zipped(t, map[string]string{art.ManifestName: manifest("a.svg")}), "a.svg is missing"},
		"twice":         {zipped(t, map[string]string{art.ManifestName: manifest("a.svg", "a.svg"), "a.svg": "x"}), "names a.svg twice"},
		"more":          {zipped(t, map[string]string{art.ManifestName: manifest("a.svg"), "a.svg": "x", "b.svg": "x"}), "holds files that manifest.json does not name"},
		"up and away":   {zipped(t, map[string]string{art.ManifestName: manifest("../a.svg"), "../a.svg": "x"}), `a file "../a.svg", which cannot be written safely`},
		"backslash":     {zipped(t, map[string]string{`..\a.svg`: "x"}), "cannot be written safely"},
		"hidden":        {zipped(t, map[string]string{".bashrc": "x"}), "cannot be written safely"},
		"a folder":      {zipped(t, map[string]string{"a/b.svg": "x"}), "cannot be written safely"},
		"many":          {zipped(t, many), fmt.Sprintf("at most %d are expected", art.MaxFiles)},
		"a zip of bomb": {zipped(t, map[string]string{"a.svg": strings.Repeat("x", art.MaxPack+1)}), "a.svg cannot be unpacked: all files together have more than 32 MiB"},
	} {
		if _, _, err := art.Unpack(tt.pack); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	s := labeltest.Studio(f)
	model := must[*art.Model](f)(s.Describe(subject(nil)))
	f.Add(must[[]byte](f)(s.Pack(f.Context(), model, "small", "one-colour")))
	f.Fuzz(func(t *testing.T, pack []byte) {
		m, files, err := art.Unpack(pack)
		if err == nil && len(files) != len(m.Files)+1 {
			t.Errorf("%d files, %d named", len(files), len(m.Files))
		}
	})
}
