package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/buildinfo"
	"labeld/internal/envelope"
	"labeld/internal/terminal"
)

// A session is one run of labelctl: its console, its clock, and what the global
// flags say of the service and of the caller. The commands about each noun are a type
// of their own over one session, such as [deviceCommands].
type session struct {
	console
	now func() time.Time

	server   string // host:port of the gRPC side
	key      string // file or KMS URI
	as       string // organization ID
	audience string // of caller tokens; the server where empty
	to       string // base URL of the authority that requests are made to; the service says it where empty
	ca       string // file with TLS roots
	tls      bool   // even to a loopback address
	timeout  time.Duration

	private *envelope.Signer // the loaded key, nil before it is needed
}

// Environment variables stand for flags that rarely change, and for secrets, which must
// not be flags because other users of the machine see those.
const (
	envServer = "LABELCTL_SERVER"
	envKey    = "LABELCTL_KEY"
	envAs     = "LABELCTL_AS"
	envURL    = "LABELCTL_URL"
	envTo     = "LABELCTL_AUTHORITY"
	envPass   = "LABELCTL_PASSPHRASE"
	envCosign = "COSIGN_PASSWORD"
)

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runAt(ctx, time.Now, args, stdin, stdout, stderr)
}

// runAt is run with another clock than the machine's.
func runAt(ctx context.Context, now func() time.Time, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(now, stdin, stdout, stderr)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	asJSON, _ := root.PersistentFlags().GetString("output")
	return printError(stderr, asJSON == "json", cmd.CommandPath(), err)
}

// newRoot returns the command tree. Errors are printed by [printError] and not by cobra.
func newRoot(now func() time.Time, stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	s := &session{console: console{stdin: stdin, stdout: stdout, stderr: stderr}, now: now}
	root := group("labelctl", "Work with a product-security label service",
		`Enrol labs and manufacturers, sign and submit evidence, request labels, and
check them.

Most commands need --key (a private key file or KMS URI) and --as (the organization
you act for). You do not need either to verify a label.

Environment: `+strings.Join([]string{envServer, envKey, envAs, envTo, envURL}, ", ")+` set
--server, --key, --as, --authority and --url. `+envPass+` (or `+envCosign+`) is the
passphrase of an encrypted key. Without it, you are asked for the passphrase.`,
		"  labelctl verify K7QM-4T2X-9PWH\n  labelctl key new --out lab.key\n  labelctl request camera.yaml --level 2",
		keyCommand(s), orgCommand(s), actsCommand(s), eventCommand(s), deviceCommand(s),
		attestCommand(s), declareCommand(s), submitCommand(s), submissionsCommand(s),
		evaluateCommand(s), requestsOf(requestCommands{s}, requestCommand(s)), labelCommand(s), holdCommand(s),
		decisionCommand(s), appealCommand(s), advisoryCommand(s), surveillanceCommand(s), reportCommand(s), noticeCommand(s), auditCommand(s),
		verifyCommand(s), qrCommand(s), trustCommand(s), schemeCommand(s), exampleCommand(s))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SilenceUsage, root.SilenceErrors = true, true
	root.Version = buildinfo.Version()
	terminal.FitHelp(root)
	terminal.NameArguments(root)
	f := root.PersistentFlags()
	f.StringVar(&s.server, "server", "127.0.0.1:8443", "gRPC address of the service, `host:port` ("+envServer+")")
	f.StringVar(&s.key, "key", "", "private key to call and sign with, a `file or KMS URI` ("+envKey+")")
	f.StringVar(&s.as, "as", "", "`organization` to act for ("+envAs+")")
	f.StringVar(&s.to, "authority", "", "base `URL` of the authority that your requests are made to (default: as the service says) ("+envTo+")")
	f.StringVar(&s.audience, "audience", "", "`name` of the service in caller tokens (default: that in --server)")
	f.StringVar(&s.ca, "ca", "", "PEM `file` with the TLS roots to trust instead of the system's; implies --tls")
	f.BoolVar(&s.tls, "tls", false, "use TLS to a loopback address too")
	f.StringVarP(&s.output, "output", "o", "text", "text or json")
	f.DurationVar(&s.timeout, "timeout", 30*time.Second, "how long one call may take")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return s.prepare(cmd) }
	complete(root, "output", "text", "json")
	markFailures(root)
	return root
}

// prepare fills in the environment's values and checks the global flags.
func (s *session) prepare(cmd *cobra.Command) error {
	for _, f := range []struct {
		name, env string
		into      *string
	}{{"server", envServer, &s.server}, {"key", envKey, &s.key}, {"as", envAs, &s.as}, {"authority", envTo, &s.to}} {
		if v := os.Getenv(f.env); v != "" && !cmd.Flags().Changed(f.name) {
			*f.into = v
		}
	}
	if s.output != "text" && s.output != "json" {
		return usagef("--output: %q is neither text nor json", s.output)
	}
	if s.timeout <= 0 {
		return usagef("--timeout: must be more than 0, such as 30s")
	}
	return nil
}

// group returns a command that only has commands below it.
func group(use, short, long, example string, subs ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.HasParent() {
				return cmd.Help()
			}
			return usagef("a subcommand is required")
		},
	}
	g.AddCommand(subs...)
	return g
}

// markFailures makes the errors of commands that were run a [failure], by which
// [printError] tells them from those about the command line.
func markFailures(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := run(cmd, args); err != nil {
				return &failure{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		markFailures(sub)
	}
}

// require marks flags as required.
func require(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // no such flag: a mistake in this program
		}
	}
}

// complete has a shell complete a flag with some words.
func complete(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // no such flag: a mistake in this program
	}
}
