package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func labelHistoryCommand(c labelCommands) *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "history ID|URL",
		Short: "Show the history of a label",
		Long: `Show what happened to a label since it was issued and its status now. With --at, show
what was known at that time and the status then. Needs no key.`,
		Example: "  labelctl label history K7QM-4T2X-9PWH\n  labelctl label history K7QM-4T2X-9PWH --at 2027-06-30",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := byName(args[0])
			if at != "" {
				t, err := parsePast("at", at, c.now())
				if err != nil {
					return err
				}
				if t.Before(c.now().Truncate(time.Second)) { // otherwise now is meant, by the service's clock
					req.At = timestamppb.New(t)
				}
			}
			r, err := c.lookup(cmd.Context(), req)
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) { writeHistory(p, r) })
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "past `date or time` for which to show what was known (default: now)")
	return cmd
}

// writeHistory writes what was known of a label at the instant that the answer is for.
func writeHistory(p *terminal.Page, r *labelv1.VerifyResponse) {
	s, a := r.GetSummary(), standingOf(r)
	p.Line("label %s: %s", label.ID(s.GetId()).Pretty(), deviceText(s))
	p.Line("")
	var entries [][]string
	if issued := s.GetIssued().AsTime(); !issued.After(a.At) {
		entries = append(entries, []string{instant(issued), fmt.Sprintf("issued: %s (log entry %d)", s.GetTitle(), s.GetLogIndex())})
	}
	later := 0
	for i, st := range a.statuses {
		if st.Recorded.After(a.At) {
			later++
			continue
		}
		entries = append(entries, statusRows(a, st, s.GetDevice(), r.GetHistory()[i].GetLogIndex())...)
	}
	p.Table(nil, entries)
	p.Line("")
	rows := append([][2]string{{"as of:", instant(a.At)}}, a.rows()...)
	if a.State == label.Active {
		rows = append(rows, [2]string{"valid until:", a.validUntil()})
	}
	p.Pairs(rows...)
	if later > 0 {
		p.Line("\n%s came later", plural(later, "statement", "statements"))
	}
}

// causeText says what a status without a request followed from, and where to look.
func causeText(c label.Cause, device string) string {
	switch {
	case c.Kind == label.CauseEvent:
		return "because of event " + c.SHA256.String()
	case c.Kind == label.CauseEvidence && c.SHA256.IsZero():
		return "because its evidence was evaluated again: \"labelctl evaluate " + device +
			"\" shows the result, \"labelctl submissions --device " + device + "\" the evidence and what is wrong with it"
	case c.Kind == label.CauseEvidence:
		return "because report " + c.SHA256.String() + ", on which it is based, counts only until then: \"labelctl submissions --device " + device + "\" shows it"
	case c.Kind == label.CauseAdvisory:
		return "because no status update followed in time: \"labelctl advisory show " + c.SHA256.String() + "\""
	case c.Kind == label.CausePredecessor:
		return fmt.Sprintf("carried over from the previous label: number %d of \"labelctl label history %s\"", c.Number, c.Label.Pretty())
	}
	return "because of something that this labelctl has no words for: " + unknown(string(c.Kind))
}

// statusRows are the rows of one entry of a history: when it happened and what, and
// below that the reasons.
func statusRows(a *standing, st *label.Status, device string, index int64) [][]string {
	rows := [][]string{{instant(st.Recorded), fmt.Sprintf("%d. %s (log entry %d)", st.Number, changeText(st), index)}}
	lines := []string{a.why(st)}
	if st.Advisory != nil {
		for _, row := range advisoryRows(st) {
			lines = append(lines, row[1])
		}
	}
	if st.Cause != (label.Cause{}) {
		lines = append(lines, causeText(st.Cause, device))
	}
	for _, line := range lines {
		if line != "" {
			rows = append(rows, []string{"", line})
		}
	}
	return rows
}
