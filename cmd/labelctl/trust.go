package main

import (
	"bytes"
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/label"
	"labeld/internal/terminal"
	"labeld/internal/verify"
)

func trustCommand(s *session) *cobra.Command {
	var url, out string
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Fetch and check a service's trust file",
		Long: `Fetch the document with the keys of a service (` + trustPath + `),
check it, and print its contents. --out saves it for "labelctl verify --trust". A file
that differs is not overwritten: ask the authority about new keys.`,
		Example: "  labelctl trust --url https://labels.example.org --out labeld.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, _ := baseURL(url)
			return saveTrust(cmd.Context(), s, base, out)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "base `URL` of the service ("+envURL+"; default: http://127.0.0.1:8080)")
	cmd.Flags().StringVar(&out, "out", "", "`file` to write to")
	return cmd
}

func saveTrust(ctx context.Context, s *session, base, out string) error {
	b, err := s.get(ctx, base, trustPath)
	if err != nil {
		return err
	}
	t, err := verify.ParseTrust(b)
	if err != nil {
		return &placeError{base + trustPath, err}
	}
	if out != "" {
		if old, err := os.ReadFile(out); err == nil && !bytes.Equal(old, b) {
			return &placeError{out, label.Errorf(label.Exists, label.ReasonExists, "",
				"exists and differs; ask the authority whether its keys changed, then remove the file")}
		}
		if err := writeFile(out, b); err != nil {
			return err
		}
	}
	return s.show(t, func(p *terminal.Page) {
		lines := [][2]string{{"authority:", t.Authority.Name + " (" + t.Authority.ID + ")"}, {"url:", t.URL}}
		for _, k := range t.LabelKeys {
			used := "in use"
			if !k.Until.IsZero() {
				used = "until " + k.Until.UTC().Format(time.RFC3339)
			}
			lines = append(lines, [2]string{"label key:", k.ID + ", " + used})
		}
		p.Pairs(append(lines, [2]string{"log:", t.Log.Origin}, [2]string{"log key:", t.Log.VKey}, [2]string{"file:", out})...)
	})
}

// trust returns the keys to trust: those in a file, or without a file those that the
// service names as its own.
func (s *session) trust(ctx context.Context, file, base string) (*verify.Trust, error) {
	if file == "" {
		b, err := s.get(ctx, base, trustPath)
		if err != nil {
			return nil, err
		}
		return verify.ParseTrust(b)
	}
	b, err := s.readFile(file, label.MaxMessage)
	if err != nil {
		return nil, err
	}
	t, err := verify.ParseTrust(b)
	if err != nil {
		return nil, &placeError{file, err}
	}
	return t, nil
}
