package main

import (
	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/terminal"
)

// pngModule is how many pixels wide a module of a PNG is, as in those of the service.
const pngModule = 8

func qrCommand(s *session) *cobra.Command {
	var url, out, gtin string
	cmd := &cobra.Command{
		Use:   "qr ID|URL",
		Short: "Draw the QR code of a label",
		Long: `Draw the QR code of a label on the terminal, or with --out in a PNG or SVG file. This
does not check that the label exists. For an ID, --url is the service to which the
code leads; a printed code cannot be changed.

With --gtin, the code is a GS1 Digital Link for the product, which tills can also read.
It leads a shopper to the product's label.`,
		Example: "  labelctl qr K7QM-4T2X-9PWH --url https://labels.example.org --out label.svg\n  labelctl qr K7QM-4T2X-9PWH --url https://labels.example.org --gtin 09522104000171 --out till.svg",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			base, id, err := qr.ParsePayload(args[0])
			if err != nil {
				return err
			}
			if base == "" {
				var chosen bool
				if base, chosen = baseURL(url); !chosen {
					s.note("the code leads to %s, on this computer; use --url for another service", base)
				}
			} else if url != "" {
				return usagef("--url is for an ID; a URL already names the service")
			}
			var g label.GTIN
			if gtin != "" {
				if g, err = label.ParseGTIN(gtin); err != nil {
					return err
				}
			}
			return drawCode(s, base, id, g, out)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "base `URL` of the service ("+envURL+"; default: http://127.0.0.1:8080)")
	cmd.Flags().StringVar(&gtin, "gtin", "", "`number` under the product's barcode: draw a GS1 Digital Link")
	cmd.Flags().StringVar(&out, "out", "", "`file` to draw into, .png or .svg")
	return cmd
}

func drawCode(s *session, base string, id label.ID, gtin label.GTIN, out string) error {
	if err := qr.CheckBase(base); err != nil {
		return err
	}
	payload := qr.Payload(base, id)
	if gtin != "" {
		payload = qr.DigitalLink(base, gtin)
	}
	code, err := qr.New(payload)
	if err != nil {
		return err
	}
	if out != "" {
		b, err := encodeCode(code, out)
		if err != nil {
			return err
		}
		if err := writeFile(out, b); err != nil {
			return err
		}
	}
	result := struct {
		ID      label.ID `json:"id"`
		URL     string   `json:"url"`
		Payload string   `json:"payload"` // what the code holds
		File    string   `json:"file,omitempty"`
	}{id, qr.URL(base, id), code.Payload(), out}
	return s.show(result, func(p *terminal.Page) {
		if out == "" {
			if p.Width() > 0 {
				p.Raw(code.Terminal())
			} else {
				p.Raw(code.Blocks())
			}
		} else {
			p.Line("%s in %s", result.URL, out)
		}
	})
}

// encodeCode returns a code as an image in the format that a file's ending asks for.
func encodeCode(code *qr.Code, path string) ([]byte, error) {
	format, err := codeFormat(path)
	if err != nil {
		return nil, err
	}
	if format == labelv1.QRFormat_QR_FORMAT_SVG {
		return code.SVG(), nil
	}
	return code.PNG(pngModule)
}
