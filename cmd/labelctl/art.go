package main

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/terminal"
)

// An artRequest says which artwork to fetch, and into which directory.
type artRequest struct {
	url, out              string
	format, palette, lang string
	force                 bool
}

func labelArtCommand(c labelCommands) *cobra.Command {
	var r artRequest
	cmd := &cobra.Command{
		Use:   "art ID|URL",
		Short: "Fetch a label's artwork, ready to print",
		Long: `Fetch the artwork of an active label into a folder: SVG, PDF and PNG in each format
(portrait, landscape, small) and palette (colour, one-colour, high-contrast), what
it says as plain text, and ` + art.ManifestName + ` with sizes and hashes, which are checked.
PNGs have 300 dots per inch. Print all files at their own size: smaller codes are hard
to scan.

--lang takes one language, or two for a label with both side by side.`,
		Example: "  labelctl label art K7QM-4T2X-9PWH --url https://labels.example.org --out artwork\n" +
			"  labelctl label art K7QM-4T2X-9PWH --out artwork --format small --palette one-colour --lang fr,de",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			base, id, err := qr.ParsePayload(args[0])
			if err != nil {
				return err
			}
			if base == "" || r.url != "" {
				base, _ = baseURL(r.url)
			}
			return c.fetchArt(cmd.Context(), base, id, &r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.url, "url", "", "base `URL` of the service ("+envURL+"; default: that in the label's URL, or http://127.0.0.1:8080)")
	f.StringVar(&r.out, "out", "", "`directory` to write into")
	f.StringVar(&r.format, "format", "", "`name` of the one format to fetch")
	f.StringVar(&r.palette, "palette", "", "`name` of the one palette to fetch")
	f.StringVar(&r.lang, "lang", "", "`language` of the words, or two with a comma between them (default: the authority's)")
	f.BoolVar(&r.force, "force", false, "overwrite existing files that differ")
	require(cmd, "out")
	return cmd
}

// query returns the query of the URL that asks for the artwork.
func (r *artRequest) query() string {
	q := url.Values{}
	for name, v := range map[string]string{"format": r.format, "palette": r.palette, "lang": r.lang} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (c labelCommands) fetchArt(ctx context.Context, base string, id label.ID, r *artRequest) error {
	path := "/l/" + string(id) + "/art.zip" + r.query()
	pack, err := c.fetch(ctx, base, path, art.MaxPack)
	if err != nil {
		return err
	}
	m, files, err := art.Unpack(pack)
	if err != nil {
		return &placeError{base + path, err}
	}
	if m.Label != id {
		return &placeError{base + path, label.Errorf(label.Invalid, label.ReasonUnknownLabel, "label", "is %s, not the requested label", m.Label.Pretty())}
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return pathError(err)
	}
	if !r.force {
		if err := checkOverwrite(r.out, files); err != nil {
			return err
		}
	}
	for name, b := range files {
		if err := writeFile(filepath.Join(r.out, name), b); err != nil {
			return err
		}
	}
	return c.show(m, func(p *terminal.Page) {
		var rows [][]string
		for _, f := range m.Files {
			rows = append(rows, []string{filepath.Join(r.out, f.Name), f.SHA256.String()})
		}
		p.Table([]string{"FILE", "SHA-256"}, rows)
		p.Line("")
		p.Line("alt text: %s", m.Alt)
	})
}

// checkOverwrite refuses to replace a file by one with other content. It looks at all
// files before the first is written.
func checkOverwrite(dir string, files map[string][]byte) error {
	for name, b := range files {
		path := filepath.Join(dir, name)
		old, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return pathError(err)
		case label.DigestOf(old) != label.DigestOf(b):
			return &placeError{path, label.Errorf(label.Exists, label.ReasonExists, "", "exists and differs; --force overwrites it")}
		}
	}
	return nil
}
