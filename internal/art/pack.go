package art

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
)

// Kinds lists the kinds of file that a drawing is written as.
var Kinds = []string{"svg", "pdf", "png"}

// ManifestName and TextName are the names of files in a pack, beside the
// drawings.
const (
	ManifestName = "manifest.json"
	TextName     = "label.txt"
)

// MediaType returns the media type of a kind of file.
func MediaType(kind string) string {
	return map[string]string{"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png"}[kind]
}

// A Manifest says what is in a pack.
type Manifest struct {
	Label     label.ID `json:"label"`
	Languages []string `json:"languages"`
	Alt       string   `json:"alt"`  // what the label says, for those who do not see it
	Text      []string `json:"text"` // the same, a fact a line
	Files     []File   `json:"files"`
}

// A File is one file of a pack. Its name is made of the label's ID and the names
// of format and palette, and of nothing that a manufacturer wrote.
type File struct {
	Name     string       `json:"name"`
	Type     string       `json:"type"`
	SHA256   label.Digest `json:"sha256"`
	Bytes    int          `json:"bytes"`
	Format   string       `json:"format,omitempty"`
	Palette  string       `json:"palette,omitempty"`
	WidthMM  float64      `json:"widthMM,omitzero"` // as printed
	HeightMM float64      `json:"heightMM,omitzero"`
}

// Write returns the drawing as a file of a kind.
func (d *Drawing) Write(kind string) ([]byte, error) {
	switch kind {
	case "svg":
		return d.SVG(), nil
	case "pdf":
		return d.PDF()
	case "png":
		return d.PNG()
	}
	return nil, label.Errorf(label.NotFound, label.ReasonOutOfRange, "kind", "there is no artwork as %q; there are %s", kind, strings.Join(Kinds, ", "))
}

// Pack returns a zip file with a label drawn in a format and a palette, all of
// them where empty, as each kind of file; with what it says as plain text; and
// with a manifest, which names the SHA-256 of each file. That takes seconds, and ends
// with ctx after the drawing that is under way.
func (s *Studio) Pack(ctx context.Context, m *Model, format, palette string) ([]byte, error) {
	p := packer{model: m, manifest: Manifest{Label: m.ID, Languages: m.Languages(), Alt: m.Alt(), Text: m.Lines()}}
	p.zip = zip.NewWriter(&p.out)
	if err := s.packDrawings(ctx, &p, format, palette); err != nil {
		return nil, err
	}
	text := []byte(strings.Join(m.Lines(), "\n") + "\n")
	if err := p.add(File{Name: TextName, Type: "text/plain; charset=utf-8"}, text); err != nil {
		return nil, err
	}
	b, err := label.Encode(p.manifest)
	if err != nil {
		return nil, err
	}
	if err := p.write(ManifestName, b); err != nil {
		return nil, err
	}
	if err := p.zip.Close(); err != nil {
		return nil, err
	}
	return p.out.Bytes(), nil
}

func (s *Studio) packDrawings(ctx context.Context, p *packer, format, palette string) error {
	formats, err := chosen(s.formats, format, s.format)
	if err != nil {
		return err
	}
	palettes, err := chosen(s.palettes, palette, s.palette)
	if err != nil {
		return err
	}
	for _, f := range formats {
		for _, c := range palettes {
			if err := ctx.Err(); err != nil {
				return err
			}
			d, err := s.Compose(p.model, f.ID, c.ID)
			if err != nil {
				return err
			}
			if err := p.draw(d, f.ID, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// chosen returns the one entry that was asked for, or all.
func chosen[T any](all []T, id string, find func(string) (*T, error)) ([]T, error) {
	if id == "" {
		return all, nil
	}
	one, err := find(id)
	if err != nil {
		return nil, err
	}
	return []T{*one}, nil
}

// A packer writes a pack.
type packer struct {
	model    *Model
	manifest Manifest
	out      bytes.Buffer
	zip      *zip.Writer
}

func (p *packer) draw(d *Drawing, format, palette string) error {
	for _, kind := range Kinds {
		b, err := d.Write(kind)
		if err != nil {
			return err
		}
		f := File{
			Name: strings.Join([]string{string(p.model.ID), format, palette}, "-") + "." + kind, Type: MediaType(kind),
			Format: format, Palette: palette, WidthMM: d.Width, HeightMM: d.Height,
		}
		if err := p.add(f, b); err != nil {
			return err
		}
	}
	return nil
}

// add writes a file and enters it in the manifest.
func (p *packer) add(f File, b []byte) error {
	f.SHA256, f.Bytes = label.DigestOf(b), len(b)
	p.manifest.Files = append(p.manifest.Files, f)
	return p.write(f.Name, b)
}

// packed is the time of all files in a pack: the earliest that the format has,
// so that equal packs are equal bytes.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *packer) write(name string, b []byte) error {
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed})
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Unpack returns the files of a pack and its manifest. Each file must be there
// once, with the hash that the manifest names, and nothing else; and names must
// be plain, so that each can be written into one folder.
func Unpack(pack []byte) (*Manifest, map[string][]byte, error) {
	bad := func(format string, args ...any) (*Manifest, map[string][]byte, error) {
		return nil, nil, label.Errorf(label.Invalid, label.ReasonMalformed, "pack", format, args...)
	}
	files, err := unzip(pack)
	if err != nil {
		return nil, nil, err
	}
	m := new(Manifest)
	if err := label.DecodeLoose(files[ManifestName], m); err != nil {
		return bad("has no readable %s: %v", ManifestName, err)
	}
	for i, f := range m.Files {
		if slices.ContainsFunc(m.Files[:i], func(other File) bool { return other.Name == f.Name }) {
			return bad("%s names %s twice", ManifestName, f.Name)
		}
		if b, ok := files[f.Name]; !ok || label.DigestOf(b) != f.SHA256 {
			return bad("%s is missing, or is not the file that %s names: fetch the pack again", f.Name, ManifestName)
		}
	}
	if len(files) != len(m.Files)+1 {
		return bad("holds files that %s does not name", ManifestName)
	}
	return m, files, nil
}

func unzip(pack []byte) (map[string][]byte, error) {
	bad := func(format string, args ...any) error {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "pack", format, args...)
	}
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return nil, bad("is no zip file: %v", err)
	}
	if len(z.File) > MaxFiles {
		return nil, bad("has %d files, at most %d are expected", len(z.File), MaxFiles)
	}
	files, left := map[string][]byte{}, int64(MaxPack)
	for _, f := range z.File {
		if f.Name == "" || f.Name[0] == '.' || strings.Trim(f.Name, plainName) != "" || files[f.Name] != nil {
			return nil, bad("has a file %q, which cannot be written safely", f.Name)
		}
		b, err := readZipped(f, left)
		if err != nil {
			return nil, bad("%s cannot be unpacked: %v", f.Name, err)
		}
		files[f.Name], left = b, left-int64(len(b))
	}
	return files, nil
}

// plainName are the characters of file names in packs.
const plainName = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."

// readZipped unpacks a file of a limited size.
func readZipped(f *zip.File, limit int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("all files together have more than %d MiB", MaxPack>>20)
	}
	return b, err
}
