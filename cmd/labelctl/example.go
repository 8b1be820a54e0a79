package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/terminal"
	"labeld/labels"
)

func exampleCommand(s *session) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "example NAME --out DIR",
		Short: "Write an example device with its picture, report and declaration",
		Long: `Write the files of an example device into a directory: device.yaml, report.yaml
and declaration.yaml, dated for today, to try things with, its picture in picture.png,
and advisory.json where its manufacturer has published one. The examples are the
` + strings.Join(example.Names, ", the ") + `: the first meets level 3 of the four-level scheme, the second
level 1, the third none.`,
		Example:   "  labelctl example camera --out camera",
		Args:      cobra.ExactArgs(1),
		ValidArgs: example.Names,
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := example.Load(labels.FS, args[0], label.DateOf(s.now()))
			if err != nil {
				return usagef("unknown example %q; choose one of %s", args[0], strings.Join(example.Names, ", "))
			}
			return writeExample(s, e, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`directory` to write into")
	require(cmd, "out")
	return cmd
}

func writeExample(s *session, e *example.Example, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return pathError(err)
	}
	var files []string
	for _, f := range []struct {
		name  string
		value any
	}{{"device.yaml", e.Device}, {"report.yaml", e.Report}, {"declaration.yaml", e.Declaration}} {
		text, err := asYAML(f.value)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, f.name)
		if err := createFile(path, text); err != nil {
			return err
		}
		files = append(files, path)
	}
	for _, f := range []struct {
		name string
		b    []byte
	}{{"picture.png", e.Picture}, {"advisory.json", e.Advisory}} {
		if f.b == nil {
			continue
		}
		path := filepath.Join(dir, f.name)
		if err := createFile(path, f.b); err != nil {
			return err
		}
		files = append(files, path)
	}
	return s.show(struct {
		Files []string `json:"files"`
	}{files}, func(p *terminal.Page) {
		for _, f := range files {
			p.Line("wrote %s", f)
		}
	})
}

// asYAML writes a document as people would: its JSON, laid out as YAML.
func asYAML(v any) ([]byte, error) {
	b, err := label.Encode(v)
	if err != nil {
		return nil, err
	}
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil {
		return nil, fmt.Errorf("JSON as YAML: %w", err)
	}
	block(&n)
	return yaml.Marshal(&n)
}

// block lays a node out in lines. Texts keep their quotes where YAML would read
// something else into them.
func block(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = 0
	}
	for _, c := range n.Content {
		block(c)
	}
}
