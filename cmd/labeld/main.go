// Labeld is the engine of a product-security label programme. It takes signed
// evidence about connected devices, judges it against tiered criteria, issues
// signed labels, records them in a transparency log, and lets anybody check
// them.
//
// Eight commands:
//
//	labeld demo    a whole programme in a temporary directory, with a lab, a
//	               manufacturer, a label, and one device that falls short
//	labeld init    make a programme: keys, database, configuration; once
//	labeld serve   run it
//	labeld check   verify every page, hash, index and signature of its database
//	labeld migrate  take its database to the schema of this release
//	labeld clock   hold the clock against its last commit, and say that it is right
//	labeld head    hold its log against the newest head that it served
//	labeld recover enrol a key for an operator where too few persons are left to agree
//
// Serve, check, migrate, clock, head and recover never make anything, but for the file that keeps that
// head, at an operator's word. SIGINT, SIGTERM and SIGHUP end the service in order:
// calls under way are finished. There is nothing to reload, and a terminal that goes
// away ends what was started from it; "nohup" keeps SIGHUP from it.
//
// Keys are encrypted with the passphrase in LABELD_PASSPHRASE, which is asked for
// where that is not set.
//
// The exit code is
//
//	0  done
//	1  failed, or refused; check and head: there is a problem
//	2  the command line is wrong
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"labeld/internal/buildinfo"
	"labeld/internal/envelope"
	"labeld/internal/terminal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes of what did not succeed.
const (
	exitFailed = 1
	exitUsage  = 2
)

// A usageError is a command line that cannot be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// A failure is the error of a command that ran.
type failure struct{ err error }

func (e *failure) Error() string { return e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// run runs a command line, says what was wrong, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	width := terminal.Width(stderr)
	fmt.Fprintln(stderr, terminal.Wrapped("labeld: "+err.Error(), width))
	_, ran := errors.AsType[*failure](err)
	if _, usage := errors.AsType[*usageError](err); ran && !usage {
		return exitFailed
	}
	fmt.Fprintln(stderr, terminal.Wrapped("labeld: hint: \""+cmd.CommandPath()+" --help\" says how", width))
	return exitUsage
}

// endings are the signals that end the program in order.
func endings() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as by nohup
		list = append(list, syscall.SIGHUP)
	}
	return list
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "labeld",
		Short:         "The engine of a product-security label programme",
		Version:       buildinfo.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(demoCommand(), initCommand(), serveCommand(), checkCommand(), migrateCommand(), clockCommand(), headCommand(), recoverCommand())
	terminal.FitHelp(root)
	terminal.NameArguments(root)
	for _, cmd := range root.Commands() {
		do := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if err := do(cmd, args); err != nil {
				return &failure{err}
			}
			return nil
		}
	}
	return root
}

const passphraseVar = "LABELD_PASSPHRASE"

// passphrase returns the passphrase of the programme's keys, from the
// environment or the terminal. It is asked for once: all keys have the same.
func passphrase(stderr io.Writer, confirm bool) envelope.Passphrase {
	return sync.OnceValues(func() ([]byte, error) {
		if p, ok := os.LookupEnv(passphraseVar); ok {
			return []byte(p), nil
		}
		if !term.IsTerminal(int(os.Stdin.Fd())) {
			return nil, errors.New("set " + passphraseVar + ", or run from a terminal to be asked")
		}
		p, err := ask(stderr, "Passphrase of the programme's keys: ")
		if err != nil || !confirm {
			return p, err
		}
		again, err := ask(stderr, "Once more: ")
		if err == nil && string(again) != string(p) {
			err = errors.New("the two passphrases differ")
		}
		return p, err
	})
}

func ask(stderr io.Writer, prompt string) ([]byte, error) {
	fmt.Fprint(stderr, prompt)
	p, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(stderr)
	return p, err
}

// logger writes to stderr: plain lines, as services write them.
func logger(stderr io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
}
