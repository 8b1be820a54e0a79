package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/terminal"
)

func noticeCommand(s *session) *cobra.Command {
	c := noticeCommands{s}
	return group("notice", "List your notices and manage webhooks",
		`The service sends an organization notices of what happens to its labels, keys and
accreditation. A webhook gets each notice as a CloudEvents event (JSON), signed to the
Standard Webhooks specification, in order and at least once: ignore IDs that you have
already seen. A notice links to signed data.

Notices about labels are also in a manufacturer's public Atom feed,
/feeds/ORGANIZATION.atom on the HTTP side.`,
		`  labelctl notice list
  labelctl notice hook add https://northlight.example/labels
  labelctl notice hook test 7k2m4tq9xwva`,
		noticeListCommand(c), hookCommand(c))
}

// noticeCommands read notices and manage the webhooks that get them.
type noticeCommands struct{ *session }

func noticeListCommand(c noticeCommands) *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List your notices, newest first",
		Long:    "List the notices for your organization, newest first. Operators can name another.\nWith --output json each notice has the ID that webhooks get.",
		Example: "  labelctl notice list\n  labelctl notice list --organization northlight --output json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.list(cmd.Context(), org) },
	}
	cmd.Flags().StringVar(&org, "organization", "", "`ID` of another organization; operators only")
	return cmd
}

func (c noticeCommands) list(ctx context.Context, org string) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewNoticeServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	notices, err := listAll(func(token string) ([]*labelv1.Notice, string, error) {
		r, err := api.ListNotices(ctx, &labelv1.ListNoticesRequest{Organization: org, PageSize: pageSize, PageToken: token})
		return r.GetNotices(), r.GetNextPageToken(), err
	})
	if err != nil {
		return err
	}
	return c.show(&labelv1.ListNoticesResponse{Notices: notices}, func(p *terminal.Page) {
		var rows [][]string
		for _, n := range notices {
			subject := n.GetSubject()
			if isDigest(subject) {
				subject = short(subject)
			}
			rows = append(rows, []string{instant(n.GetTime().AsTime()), n.GetKind(), subject})
		}
		p.Table([]string{"TIME", "KIND", "ABOUT"}, rows)
	})
}

func hookCommand(c noticeCommands) *cobra.Command {
	return group("hook", "Manage webhooks, to which notices are sent",
		`A webhook gets the notices for your organization. It must be an https address of a
public host. A delivery that fails is retried for 2 days, at growing intervals. It
then becomes a dead letter, which you can replay.`,
		"  labelctl notice hook add https://northlight.example/labels --kind label.suspended --kind label.advised\n  labelctl notice hook list",
		hookAddCommand(c), hookListCommand(c),
		hookSwitchCommand(c, "enable", "Enable a webhook", true),
		hookSwitchCommand(c, "disable", "Disable a webhook", false),
		hookRemoveCommand(c), hookTestCommand(c), hookDeadCommand(c), hookReplayCommand(c))
}

func hookAddCommand(c noticeCommands) *cobra.Command {
	r := &labelv1.CreateWebhookRequest{}
	cmd := &cobra.Command{
		Use:   "add URL",
		Short: "Register a webhook",
		Long: `Register an address for all notices, or for those of the kinds in --kind. The secret
that signs them is printed once and cannot be shown again. Any Standard Webhooks
library verifies signatures with it.`,
		Example: "  labelctl notice hook add https://northlight.example/labels\n  labelctl notice hook add https://northlight.example/labels --kind label.suspended",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Url = args[0]
			return c.addHook(cmd.Context(), r)
		},
	}
	cmd.Flags().StringArrayVar(&r.Kinds, "kind", nil, "`kind` of notice to get, such as label.suspended; repeat for several")
	return cmd
}

func (c noticeCommands) addHook(ctx context.Context, r *labelv1.CreateWebhookRequest) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewNoticeServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	made, err := api.CreateWebhook(ctx, r)
	if err != nil {
		return err
	}
	return c.show(made, func(p *terminal.Page) {
		p.Pairs([2]string{"webhook:", made.GetWebhook().GetId()}, [2]string{"secret:", made.GetSecret()})
		p.Line("")
		p.Line("keep the secret: it is not shown again")
	})
}

func hookListCommand(c noticeCommands) *cobra.Command {
	r := &labelv1.ListWebhooksRequest{}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List webhooks, and how many deliveries are waiting or have failed",
		Long:    "List your webhooks. Operators can name another organization.",
		Example: "  labelctl notice hook list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewNoticeServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			list, err := api.ListWebhooks(cmd.Context(), r)
			if err != nil {
				return err
			}
			return c.show(list, func(p *terminal.Page) { writeHooks(p, list.GetWebhooks()) })
		},
	}
	cmd.Flags().StringVar(&r.Organization, "organization", "", "`ID` of another organization; operators only")
	return cmd
}

func writeHooks(p *terminal.Page, list []*labelv1.Webhook) {
	var rows [][]string
	for _, h := range list {
		kinds, state := "all", "on"
		if len(h.GetKinds()) > 0 {
			kinds = strings.Join(h.GetKinds(), ", ")
		}
		if h.GetDisabled() {
			state = "off"
		}
		rows = append(rows, []string{h.GetId(), state, strconv.Itoa(int(h.GetWaiting())), strconv.Itoa(int(h.GetDead())), h.GetUrl(), kinds})
	}
	p.Table([]string{"WEBHOOK", "STATE", "WAITING", "DEAD", "URL", "KINDS"}, rows)
}

// webhookCommand returns a command that does something with one webhook.
func (c noticeCommands) webhookCommand(use, short, long, example string, do func(context.Context, labelv1.NoticeServiceClient, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, conn, err := clientAs(cmd.Context(), c.session, labelv1.NewNoticeServiceClient)
			if err != nil {
				return err
			}
			defer conn.Close()
			return do(cmd.Context(), api, args)
		},
	}
}

func hookSwitchCommand(c noticeCommands, use, short string, on bool) *cobra.Command {
	cmd := c.webhookCommand(use+" WEBHOOK", short,
		short+".\nNotices that are queued for a webhook when it is disabled become dead letters.", "  labelctl notice hook "+use+" 7k2m4tq9xwva",
		func(ctx context.Context, api labelv1.NoticeServiceClient, args []string) error {
			r, err := api.EnableWebhook(ctx, &labelv1.EnableWebhookRequest{Id: args[0], Enabled: on})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) { p.Line("webhook %s is %sd", args[0], use) })
		})
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

func hookRemoveCommand(c noticeCommands) *cobra.Command {
	cmd := c.webhookCommand("remove WEBHOOK", "Remove a webhook and its deliveries",
		"Remove a webhook, and its deliveries that are waiting or have failed.", "  labelctl notice hook remove 7k2m4tq9xwva",
		func(ctx context.Context, api labelv1.NoticeServiceClient, args []string) error {
			r, err := api.DeleteWebhook(ctx, &labelv1.DeleteWebhookRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) { p.Line("webhook %s is removed", args[0]) })
		})
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

func hookTestCommand(c noticeCommands) *cobra.Command {
	cmd := c.webhookCommand("test WEBHOOK", "Send a test notice to a webhook",
		"Send a notice of the kind hook.test to a webhook. \"labelctl notice hook list\" shows\nwhether it is waiting.", "  labelctl notice hook test 7k2m4tq9xwva",
		func(ctx context.Context, api labelv1.NoticeServiceClient, args []string) error {
			r, err := api.TestWebhook(ctx, &labelv1.TestWebhookRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) { p.Line("notice %s is queued", r.GetNotice().GetId()) })
		})
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

func hookDeadCommand(c noticeCommands) *cobra.Command {
	cmd := c.webhookCommand("dead WEBHOOK", "List failed deliveries and why they failed",
		"List the dead letters of a webhook, oldest first.", "  labelctl notice hook dead 7k2m4tq9xwva",
		func(ctx context.Context, api labelv1.NoticeServiceClient, args []string) error {
			letters, err := listAll(func(token string) ([]*labelv1.DeadLetter, string, error) {
				r, err := api.ListDeadLetters(ctx, &labelv1.ListDeadLettersRequest{Webhook: args[0], PageSize: pageSize, PageToken: token})
				return r.GetLetters(), r.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return c.show(&labelv1.ListDeadLettersResponse{Letters: letters}, func(p *terminal.Page) { writeDeadLetters(p, letters) })
		})
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}

func writeDeadLetters(p *terminal.Page, list []*labelv1.DeadLetter) {
	var rows [][]string
	for _, d := range list {
		rows = append(rows, []string{
			strconv.FormatUint(d.GetNumber(), 10), instant(d.GetQueued().AsTime()), d.GetNotice().GetKind(), d.GetNotice().GetId(),
			strconv.Itoa(int(d.GetAttempts())), d.GetError(),
		})
	}
	p.Table([]string{"NUMBER", "QUEUED", "KIND", "NOTICE", "ATTEMPTS", "LAST ERROR"}, rows)
}

func hookReplayCommand(c noticeCommands) *cobra.Command {
	return c.webhookCommand("replay WEBHOOK [NUMBER...]", "Retry failed deliveries",
		"Put dead letters of a webhook back into its queue: those with the numbers given, or\nall of them, up to 500 at once.", "  labelctl notice hook replay 7k2m4tq9xwva\n  labelctl notice hook replay 7k2m4tq9xwva 12 13",
		func(ctx context.Context, api labelv1.NoticeServiceClient, args []string) error {
			req := &labelv1.ReplayDeadLettersRequest{Webhook: args[0]}
			for _, a := range args[1:] {
				n, err := strconv.ParseUint(a, 10, 64)
				if err != nil {
					return usagef("NUMBER: %q is not the number of a dead letter; \"labelctl notice hook dead\" lists them", a)
				}
				req.Numbers = append(req.Numbers, n)
			}
			r, err := api.ReplayDeadLetters(ctx, req)
			if err != nil {
				return err
			}
			return c.show(r, func(p *terminal.Page) {
				p.Line("%s queued again", plural(int(r.GetReplayed()), "letter", "letters"))
			})
		})
}
