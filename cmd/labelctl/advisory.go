package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func advisoryCommand(s *session) *cobra.Command {
	c := advisoryCommands{s}
	return group("advisory", "Publish security advisories",
		`Publish a CSAF 2.0 or OpenVEX 0.2.0 document. What it says of a label's device, at
the firmware version that was tested, is shown wherever the label is checked: whether
the device is affected, which version fixes it, and what to do. A later release of
the document replaces what an earlier one of the same publisher says of the same
vulnerabilities. Leaving a vulnerability out does not withdraw the warning: to do
that, say that the product is not affected, or which version fixes it. "Fixed"
without a version tells people with an older version nothing.

A product is named by its GTIN (https://id.gs1.org/01/GTIN, or pkg:gtin/GTIN), or by
maker and model number (pkg:generic/MAKER/MODEL or a CPE; in CSAF also the branches
vendor and product_name, and model_numbers).

A manufacturer declares how many days it takes between status updates. If there is
no fix yet, and neither a later release nor another advisory about the same
vulnerabilities comes in time, the label is put under review.`,
		`  labelctl advisory publish nl-sa-2026-0011.json --dry-run
  labelctl advisory publish nl-sa-2026-0011.json
  labelctl advisory list northlight`,
		advisoryPublishCommand(c), advisoryListCommand(c), advisoryShowCommand(c))
}

// advisoryCommands publish and show advisories.
type advisoryCommands struct{ *session }

func advisoryPublishCommand(c advisoryCommands) *cobra.Command {
	e := &label.Event{Kind: label.AdvisoryEvent, Reason: "advisory"}
	var dry bool
	cmd := &cobra.Command{
		Use:   "publish FILE",
		Short: "Publish a CSAF or OpenVEX document",
		Long: `Sign the publication of a document and send both. A manufacturer publishes about its
own labels, and a document that is about none of them is refused. An operator
publishes about all labels. A label that is issued later for a device in the document
gets the advisory too. The document is not changed, and anyone can fetch it by its
SHA-256.

Use --dry-run first: it lists what would be said of which labels.`,
		Example: "  labelctl advisory publish nl-sa-2026-0011.json --dry-run\n  labelctl advisory publish nl-sa-2026-0011.json --text \"Firmware 3.8.4 is out.\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.publish(cmd.Context(), args[0], e, dry, "")
		},
	}
	adviceText(cmd, e)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "list what would be said of which labels, and change nothing")
	return cmd
}

// labelAdviseCommand publishes an advisory, if it is about the label that is named.
func labelAdviseCommand(c advisoryCommands) *cobra.Command {
	e := &label.Event{Kind: label.AdvisoryEvent, Reason: "advisory"}
	cmd := &cobra.Command{
		Use:   "advise ID FILE",
		Short: "Publish a security advisory about a label's product",
		Long: `Publish a CSAF or OpenVEX document, as "labelctl advisory publish" does, but only if
it says something new of the label. What it says of other labels is added to those as
well.`,
		Example: "  labelctl label advise K7QM-4T2X-9PWH nl-sa-2026-0011.json --text \"Firmware 3.8.4 is out.\"",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := label.ParseID(args[0])
			if err != nil {
				return err
			}
			return c.publish(cmd.Context(), args[1], e, false, id)
		},
	}
	adviceText(cmd, e)
	return cmd
}

// adviceText adds the flag --text, and that of its language.
func adviceText(cmd *cobra.Command, e *label.Event) {
	cmd.Flags().StringVar(&e.Text, "text", "A security notice about the product was published.", "what is new, in plain words; shown on every affected label")
	languageFlag(cmd, &e.Language)
}

// publish publishes a document, or with dry lists what the document would say of which
// labels. If about names a label, the document must say something new of that label.
func (c advisoryCommands) publish(ctx context.Context, file string, e *label.Event, dry bool, about label.ID) error {
	document, err := c.readFile(file, label.MaxMessage)
	if err != nil {
		return err
	}
	e.Advisory, e.Made = label.DigestOf(document), c.now().UTC().Truncate(time.Second)
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAdvisoryServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	signed, err := c.signRequest(ctx, conn, "advisory.json", e.Subject(), label.TypeEvent, e)
	if err != nil {
		return err
	}
	if !dry && about == "" {
		return c.send(ctx, api, signed, document)
	}
	preview, err := api.PreviewAdvisory(ctx, &labelv1.PreviewAdvisoryRequest{Event: signed, Document: document})
	if err != nil {
		return err
	}
	if dry {
		return c.show(preview, func(p *terminal.Page) { writeAdvised(p, preview) })
	}
	if !slices.ContainsFunc(preview.GetLabels(), func(l *labelv1.AdvisedLabel) bool { return l.GetLabel() == string(about) }) {
		return label.Errorf(label.Precondition, label.ReasonUnknownSubject, "document", "says nothing new of label %s; nothing was published", about.Pretty())
	}
	return c.send(ctx, api, signed, document)
}

func (c advisoryCommands) send(ctx context.Context, api labelv1.AdvisoryServiceClient, signed, document []byte) error {
	r, err := api.PublishAdvisory(ctx, &labelv1.PublishAdvisoryRequest{Event: signed, Document: document})
	if err != nil {
		return err
	}
	for _, n := range r.GetNotes() {
		c.note("%s", n)
	}
	return c.follow(ctx, api, r.GetAdvisory())
}

func writeAdvised(p *terminal.Page, r *labelv1.PreviewAdvisoryResponse) {
	var rows [][]string
	for _, l := range r.GetLabels() {
		rows = append(rows, []string{label.ID(l.GetLabel()).Pretty(), l.GetAdvice().GetState(), l.GetAdvice().GetFixedIn(), l.GetAdvice().GetAction()})
	}
	p.Table([]string{"LABEL", "STATE", "FIXED IN", "ADVICE"}, rows)
	p.Line("")
	p.Line("%s affected; nothing was changed", plural(int(r.GetTotal()), "label", "labels"))
	p.Line("a label that is issued later for a device in the document gets the advisory too")
}

// follow waits until the service has gone through all labels.
func (c advisoryCommands) follow(ctx context.Context, api labelv1.AdvisoryServiceClient, a *labelv1.PublishedAdvisory) error {
	for a.GetDone() == nil {
		select {
		case <-ctx.Done():
			return hintf(context.Cause(ctx), "the advisory is published and the service continues on its own; \"labelctl advisory show %s\" shows the progress", a.GetId())
		case <-time.After(eventPoll):
		}
		r, err := api.GetAdvisory(ctx, &labelv1.GetAdvisoryRequest{Id: a.GetId(), Publisher: a.GetPublisher()})
		if err != nil {
			return err
		}
		a = r.GetAdvisory()
	}
	return c.show(a, func(p *terminal.Page) { writeAdvisory(p, a) })
}

func writeAdvisory(p *terminal.Page, a *labelv1.PublishedAdvisory) {
	state := "going through the labels"
	if a.GetDone() != nil {
		state = "done"
	}
	p.Pairs([2]string{"advisory:", a.GetId()}, [2]string{"number:", a.GetNumber() + ", version " + a.GetVersion()}, [2]string{"title:", a.GetTitle()},
		[2]string{"format:", a.GetFormat()}, [2]string{"publisher:", a.GetPublisher()}, [2]string{"released:", instant(a.GetUpdated().AsTime())},
		[2]string{"received:", instant(a.GetReceived().AsTime())})
	p.Line("")
	p.Line("%s: %s updated", state, plural(int(a.GetLabels()), "label", "labels"))
}

func advisoryListCommand(c advisoryCommands) *cobra.Command {
	return &cobra.Command{
		Use:     "list PUBLISHER",
		Short:   "List the advisories of a manufacturer or the authority",
		Long:    "List what an organization published, newest first. Needs no key.",
		Example: "  labelctl advisory list northlight",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.list(cmd.Context(), args[0]) },
	}
}

func (c advisoryCommands) list(ctx context.Context, publisher string) error {
	api, conn, err := publicClient(c.session, labelv1.NewAdvisoryServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	list, err := advisoriesOf(ctx, api, publisher)
	if err != nil {
		return err
	}
	all := &labelv1.ListAdvisoriesResponse{Advisories: list}
	return c.show(all, func(p *terminal.Page) {
		var rows [][]string
		for _, a := range all.GetAdvisories() {
			rows = append(rows, []string{short(a.GetId()), a.GetNumber(), a.GetVersion(), day(a.GetUpdated()), strconv.Itoa(int(a.GetLabels())), a.GetTitle()})
		}
		p.Table([]string{"ADVISORY", "NUMBER", "VERSION", "RELEASED", "LABELS", "TITLE"}, rows)
	})
}

// advisoriesOf fetches what an organization published.
func advisoriesOf(ctx context.Context, api labelv1.AdvisoryServiceClient, publisher string) (list []*labelv1.PublishedAdvisory, err error) {
	return listAll(func(token string) ([]*labelv1.PublishedAdvisory, string, error) {
		r, err := api.ListAdvisories(ctx, &labelv1.ListAdvisoriesRequest{Publisher: publisher, PageSize: pageSize, PageToken: token})
		return r.GetAdvisories(), r.GetNextPageToken(), err
	})
}

func advisoryShowCommand(c advisoryCommands) *cobra.Command {
	var publisher, out string
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show an advisory, and how many labels it is about",
		Long:    "Show an advisory by the SHA-256 of its document. --out writes the document as it\ncame. Where several published the same document, --publisher says whose\npublication is meant; with it the beginning of the SHA-256 is enough. Needs no key.",
		Example: "  labelctl advisory show 5f21c0de --publisher northlight --out advisory.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := publicClient(c.session, labelv1.NewAdvisoryServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			id := args[0]
			if begins, ok := digestPrefix(id); ok && publisher != "" {
				list, err := advisoriesOf(cmd.Context(), api, publisher)
				if err != nil {
					return err
				}
				var ids []string
				for _, a := range list {
					ids = append(ids, a.GetId())
				}
				if id, err = findByPrefix("ID", begins, ids, "\"labelctl advisory list\" lists the advisories of an organization"); err != nil {
					return err
				}
			}
			if err := requireWhole("ID", id, "to give the beginning, name whose advisory it is with --publisher"); err != nil {
				return err
			}
			r, err := api.GetAdvisory(cmd.Context(), &labelv1.GetAdvisoryRequest{Id: id, Publisher: publisher})
			if err != nil {
				return err
			}
			if out != "" {
				if err := writeFile(out, r.GetDocument()); err != nil {
					return err
				}
			}
			return c.show(r.GetAdvisory(), func(p *terminal.Page) { writeAdvisory(p, r.GetAdvisory()) })
		},
	}
	cmd.Flags().StringVar(&publisher, "publisher", "", "`organization` that published it")
	cmd.Flags().StringVar(&out, "out", "", "`file` for the document")
	return cmd
}
