package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/terminal"
)

func schemeCommand(s *session) *cobra.Command {
	return group("scheme", "Show schemes, device categories, methods and facts",
		`Show what labels require. "list" and "show" ask the service for its schemes.
"categories", "methods" and "facts" read the built-in programme data, or that in --labels.`,
		"  labelctl scheme list\n  labelctl scheme show four-level\n  labelctl scheme facts --by lab",
		schemeListCommand(s), schemeShowCommand(s), schemeCategoriesCommand(s), schemeMethodsCommand(s), schemeFactsCommand(s))
}

func schemeListCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the schemes of the service",
		Long:    "List the schemes by which the service evaluates devices. Needs no key.",
		Example: "  labelctl scheme list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, conn, err := publicClient(s, labelv1.NewAuthorityServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.ListSchemes(cmd.Context(), &labelv1.ListSchemesRequest{})
			if err != nil {
				return err
			}
			return s.show(r, func(p *terminal.Page) {
				var rows [][]string
				for _, m := range r.GetSchemes() {
					rows = append(rows, []string{m.GetId(), m.GetVersion(), inForce(m), levelsText(m), m.GetStandard() + " " + m.GetEdition(), m.GetName()})
				}
				p.Table([]string{"ID", "VERSION", "IN FORCE", "LEVELS", "STANDARD", "NAME"}, rows)
			})
		},
	}
}

// levelsText says how many levels a scheme has, as it shows them.
func levelsText(m *labelv1.Scheme) string {
	words := presentations.textOf(m.GetPresentation())
	if m.GetPresentation() == labelv1.Presentation_PRESENTATION_PASS_ONLY {
		return words
	}
	return strconv.Itoa(len(m.GetLevels())) + " " + words
}

// inForce says when a version of a scheme is in force.
func inForce(m *labelv1.Scheme) string {
	text := "from " + m.GetInForceFrom()
	if m.GetInForceUntil() != "" {
		text += " until " + m.GetInForceUntil()
	}
	if m.GetJudging() {
		text += ", now used"
	}
	return text
}

func schemeShowCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID[@VERSION]",
		Short:   "Show the levels and criteria of a scheme",
		Long:    "Show the levels and criteria of a scheme of the service: of the version that is used\nnow, or of another. Needs no key.",
		Example: "  labelctl scheme show four-level\n  labelctl scheme show four-level@2026.2",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := publicClient(s, labelv1.NewAuthorityServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := api.GetScheme(cmd.Context(), &labelv1.GetSchemeRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return s.show(r, func(p *terminal.Page) { writeScheme(p, r.GetScheme()) })
		},
	}
}

func writeScheme(p *terminal.Page, s *labelv1.Scheme) {
	p.Line("%s version %s: %s", s.GetId(), s.GetVersion(), s.GetName())
	p.Line("in force %s", inForce(s))
	p.Line("%s", s.GetAbout())
	p.Line("by %s %s; a label is valid for up to %d months; data file %s", s.GetStandard(), s.GetEdition(), s.GetTermMonths(), s.GetSha256())
	for _, l := range s.GetLevels() {
		p.Line("\n%s", levelText(presentations.value(s.GetPresentation()), int(l.GetNumber()), l.GetName()))
		p.Line("%s", l.GetAbout())
		var rows [][]string
		for _, k := range s.GetCriteria() {
			if k.GetLevel() != l.GetNumber() {
				continue
			}
			asks := strings.Join(k.GetProvisions(), ", ")
			if k.GetRule() != "" {
				if asks != "" {
					asks += "; "
				}
				asks += k.GetRule()
			}
			if len(k.GetMethods()) > 0 {
				asks += "; a laboratory's word by " + strings.Join(k.GetMethods(), " or ")
			}
			rows = append(rows, []string{"  " + k.GetId(), k.GetTitle(), asks})
		}
		p.Table(nil, rows)
	}
}

func schemeCategoriesCommand(s *session) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "categories",
		Short:   "List the device categories and their risk classes",
		Long:    "List the categories that a device descriptor can name, with the risk class of each:\nthe higher the risk, the more a lab must test.",
		Example: "  labelctl scheme categories\n  labelctl scheme categories --labels programme/",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			prog, err := programme(dir)
			if err != nil {
				return err
			}
			type category struct {
				ID    string      `json:"id"`
				Name  string      `json:"name"`
				Risk  scheme.Risk `json:"risk"`
				About string      `json:"about"`
			}
			all := []category{}
			var rows [][]string
			for _, id := range slices.Sorted(maps.Keys(prog.Categories)) {
				k := prog.Categories[id]
				all = append(all, category{k.ID, k.Name, k.Risk, k.About})
				rows = append(rows, []string{k.ID, string(k.Risk), k.Name, k.About})
			}
			return s.show(map[string][]category{"categories": all}, func(p *terminal.Page) {
				p.Table([]string{"ID", "RISK", "NAME", "ABOUT"}, rows)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "labels", "", "`directory` with programme data, instead of the built-in data")
	return cmd
}

func schemeMethodsCommand(s *session) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "methods",
		Short:   "List the methods of assessment",
		Long:    "List the methods of assessment: reports name those by which they were made,\naccreditations those that they cover, and criteria those that they accept.",
		Example: "  labelctl scheme methods",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			prog, err := programme(dir)
			if err != nil {
				return err
			}
			type method struct {
				ID    label.Method `json:"id"`
				Name  string       `json:"name"`
				About string       `json:"about"`
			}
			all := []method{}
			var rows [][]string
			for _, m := range prog.Methods {
				all = append(all, method(m))
				rows = append(rows, []string{string(m.ID), m.Name, m.About})
			}
			return s.show(map[string][]method{"methods": all}, func(p *terminal.Page) {
				p.Table([]string{"ID", "NAME", "ABOUT"}, rows)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "labels", "", "`directory` with programme data, instead of what is built in")
	return cmd
}

func schemeFactsCommand(s *session) *cobra.Command {
	var dir, by string
	cmd := &cobra.Command{
		Use:     "facts",
		Short:   "List the facts that reports and declarations can state",
		Long:    "List the dictionary of facts: the typed values that a lab may measure or a\nmanufacturer may declare, and that the rules of schemes ask for.",
		Example: "  labelctl scheme facts --by lab",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			supplier := scheme.Supplier(by)
			if by != "" && supplier != scheme.ByLab && supplier != scheme.ByManufacturer {
				return usagef("--by: %q is neither lab nor manufacturer", by)
			}
			prog, err := programme(dir)
			if err != nil {
				return err
			}
			return showFacts(s, prog, supplier)
		},
	}
	cmd.Flags().StringVar(&dir, "labels", "", "`directory` with programme data, instead of the built-in data")
	cmd.Flags().StringVar(&by, "by", "", "only those that a lab or a manufacturer can state")
	complete(cmd, "by", "lab", "manufacturer")
	return cmd
}

func showFacts(s *session, prog *scheme.Programme, by scheme.Supplier) error {
	type fact struct {
		Name   string          `json:"name"`
		Type   scheme.FactType `json:"type"`
		Unit   string          `json:"unit,omitempty"`
		Min    *float64        `json:"min,omitempty"`
		Max    *float64        `json:"max,omitempty"`
		Values []string        `json:"values,omitempty"`
		By     scheme.Supplier `json:"by"`
		About  string          `json:"about"`

		Shoppers *scheme.Shoppers `json:"shoppers,omitempty"`
	}
	all := []fact{}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(prog.Facts)) {
		f := prog.Facts[name]
		if by != "" && f.By != by && f.By != scheme.ByEither {
			continue
		}
		all = append(all, fact{f.Name, f.Type, f.Unit, f.Min, f.Max, f.Values, f.By, f.About, f.Shoppers})
		rows = append(rows, []string{f.Name, string(f.By), factValues(f), f.About})
	}
	return s.show(map[string][]fact{"facts": all}, func(p *terminal.Page) {
		p.Table([]string{"NAME", "STATED BY", "VALUE", "ABOUT"}, rows)
	})
}
