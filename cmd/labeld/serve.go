package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/daemon"
	"labeld/internal/store"
	"labeld/internal/terminal"
)

func initCommand() *cobra.Command {
	var dir, person string
	var c daemon.Config
	var plain bool
	cmd := &cobra.Command{
		Use:   "init --data DIR --authority ID --name NAME --url URL",
		Short: "Make a programme: keys, database, configuration; once",
		Long: `Make a programme in a directory: a key that signs labels, one that signs the
transparency log, one for the first operator, an empty database, and the file
labeld.yaml, which says how to serve. Nothing that exists is overwritten.

The first operator is one person, who decides alone who may act for the authority.
Enrol a second person with a key of their own as soon as the service runs: from then
on that takes both, and so do revocations, which have to wait until then ("labelctl
acts show").

The base URL stands in every label and every QR code, and the log's origin in
every proof: both are fixed for ever.`,
		Example: `  labeld init --data /var/lib/labeld --authority example-authority \
    --name "Example Authority for Product Security" --url https://labels.example.org`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Log.Origin == "" {
				u, err := url.Parse(c.URL)
				if err != nil || u.Host == "" {
					return usagef("--url: %q is not a URL such as https://labels.example.org", c.URL)
				}
				c.Log.Origin = u.Host + "/log"
			}
			// What is given here is from where one stands, and not from the data directory.
			for _, path := range []*string{&c.Labels, &c.TLS.Cert, &c.TLS.Key} {
				if *path == "" {
					continue
				}
				var err error
				if *path, err = filepath.Abs(*path); err != nil {
					return err
				}
			}
			var pass []byte
			if !plain {
				var err error
				if pass, err = passphrase(cmd.ErrOrStderr(), true)(); err != nil {
					return err
				}
				if len(pass) == 0 {
					return errors.New("the passphrase is empty; give one, or say --plain to keep the keys unencrypted")
				}
			}
			if err := daemon.Init(cmd.Context(), dir, c, person, pass, time.Now()); err != nil {
				return err
			}
			p := terminal.NewPage(terminal.Width(cmd.OutOrStdout()))
			p.Line("made the programme of %s in %s\n", c.Authority.Name, dir)
			p.Pairs(
				[2]string{"back up:", "label.key, log.key, operator.key, labeld.yaml, and labeld.db"},
				[2]string{"not:", "log.head, which tells a backup from the newest database; best on another disk"},
				[2]string{"next:", "enrol a second person: until then one decides alone who may act, and nobody can revoke a label (labelctl org person add)"},
				[2]string{"serve:", "labeld serve --data " + quoted(dir)},
				[2]string{"operate:", "labelctl" + reach(c) + " --key " + quoted(filepath.Join(dir, daemon.OperatorKey)) + " --as " + c.Authority.ID + " org list"},
			)
			if _, err := cmd.OutOrStdout().Write(p.Bytes()); err != nil {
				return err
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "data", "", "directory to make the programme in")
	f.StringVar(&c.Authority.ID, "authority", "", "identifier of the authority: lower-case letters, digits, hyphens")
	f.StringVar(&c.Authority.Name, "name", "", "name of the authority, as shown on labels")
	f.StringVar(&person, "person", daemon.FirstPerson, "identifier of the person who holds the first operator's key")
	f.StringVar(&c.Authority.URL, "authority-url", "", "public web page of the authority")
	f.StringVar(&c.URL, "url", "", "public base URL of the service")
	f.StringVar(&c.Log.Origin, "origin", "", "name of the transparency log (default: the URL's host, and /log)")
	f.StringVar(&c.HTTP, "http", "127.0.0.1:8080", "address the HTTP side will listen on")
	f.StringVar(&c.GRPC, "grpc", defaultGRPC, "address the gRPC side will listen on")
	f.StringVar(&c.Labels, "labels", "", "directory with programme data, instead of what is built in")
	f.StringVar(&c.TLS.Cert, "tls-cert", "", "certificate chain for both listeners, PEM")
	f.StringVar(&c.TLS.Key, "tls-key", "", "private key of the certificate, PEM")
	f.BoolVar(&plain, "plain", false, "do not encrypt the keys")
	require(cmd, "data", "authority", "name", "url")
	return cmd
}

// defaultGRPC is the address that labelctl calls where none is named.
const defaultGRPC = "127.0.0.1:8443"

// reach returns the flags by which labelctl calls a service from the machine that
// it runs on: none where it listens at the default. A certificate is for the name
// in the URL; without one only a loopback address is called.
func reach(c daemon.Config) string {
	host, port, err := net.SplitHostPort(c.GRPC)
	if err != nil {
		return " --server " + c.GRPC // as the configuration says, to be put right there
	}
	if u, err := url.Parse(c.URL); err == nil && c.TLS.Cert != "" {
		host = u.Hostname()
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	flags := ""
	if at := net.JoinHostPort(host, port); at != defaultGRPC {
		flags = " --server " + at
	}
	if c.TLS.Cert != "" {
		flags += " --tls"
	}
	return flags
}

func serveCommand() *cobra.Command {
	var dir, labels string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Run a programme that init made",
		Long: `Serve gRPC and HTTP as labeld.yaml in the data directory says, until interrupted,
terminated or hung up; calls under way are then finished. Nothing is ever made: a
missing key or database is an error.

A database that is older than what was served before is served read-only ("labeld
head"). A service whose disk fails in the middle of a write ends by itself, with exit
code 1, since only another can tell what is on disk: have it started again.`,
		Example: "  labeld serve --data /var/lib/labeld",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := daemon.LoadConfig(dir)
			if err != nil {
				return err
			}
			if labels != "" { // from where one stands, and not from the data directory
				if c.Labels, err = filepath.Abs(labels); err != nil {
					return err
				}
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			log := logger(cmd.ErrOrStderr(), level)
			d, err := daemon.Open(cmd.Context(), c, daemon.Options{Passphrase: passphrase(cmd.ErrOrStderr(), false), Log: log, Memory: newMemory(c, log).follow})
			if err != nil {
				return err
			}
			if err := warnAlone(d, c.Authority.ID, log); err != nil {
				return errors.Join(err, d.Close())
			}
			fmt.Fprintf(cmd.OutOrStdout(), "grpc: %s\nhttp: %s\nurl: %s\n", d.GRPC, d.HTTP, d.URL)
			return d.Serve(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "directory of the programme")
	cmd.Flags().StringVar(&labels, "labels", "", "directory with programme data, instead of what labeld.yaml says")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log more")
	require(cmd, "data")
	return cmd
}

// warnAlone says so where one person decides alone for the authority, and how that ends.
func warnAlone(d *daemon.Daemon, authority string, log *slog.Logger) error {
	alone, err := d.Authority.Alone()
	if err == nil && alone {
		log.Warn("ONE PERSON decides alone who may act for the authority; what else takes several persons by its rules, such as a revocation, waits for a second; enrol one, and their key",
			"then", "labelctl org person add "+authority+" PERSON; labelctl org key "+authority+" --pub FILE --person PERSON")
	}
	return err
}

func checkCommand() *cobra.Command {
	var dir, against string
	cmd := &cobra.Command{
		Use:   "check --data DIR [--against HEAD|FILE|URL]",
		Short: "Verify every page, hash and signature of a programme's database",
		Long: `Read the whole database of a programme that is not being served, or a copy of it,
and say what is wrong: pages of the file, hashes of the log, derived indexes, and
every signature. Needs the public keys only. Exits with 1 if there is a problem.

The log is held against the newest head that was served, where log.head in labeld.yaml
has it, and against the one that is given: the text of a checkpoint, a file with one,
or the URL of one or of a service. A log that does not continue it is an older copy,
or another branch.`,
		Example: "  labeld check --data /var/lib/labeld\n  labeld check --data /mnt/backup --against https://labels.example.org",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := daemon.LoadConfig(dir)
			if err != nil {
				return err
			}
			var heads []store.KeptHead
			if against != "" {
				if heads, err = daemon.FetchHeads(cmd.Context(), against); err != nil {
					return fmt.Errorf("--against: %w", err)
				}
			}
			newMemory(c, slog.New(slog.DiscardHandler)).follow(0) // memory that cannot be bounded keeps nobody from checking
			problems := 0
			progress := newProgress(cmd.ErrOrStderr())
			err = daemon.Check(cmd.Context(), c, heads, store.Watch{
				Problem: func(text string) {
					problems++
					fmt.Fprintf(cmd.OutOrStdout(), "problem: %s\n", text)
				},
				Part: progress.part,
				Note: func(text string) { fmt.Fprintf(cmd.OutOrStdout(), "note: %s\n", text) },
			})
			progress.end()
			if err != nil {
				return err
			}
			if problems > 0 {
				return fmt.Errorf("%d problems in the database of %s; restore a backup, and keep this one for the inquiry", problems, dir)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ok: every page, hash, index and signature holds")
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "directory of the programme")
	cmd.Flags().StringVar(&against, "against", "", "log head that the log must continue: a checkpoint, a file or a URL")
	require(cmd, "data")
	return cmd
}

// progressEvery is how often whoever waits for a check hears of it.
const progressEvery = 5 * time.Second

// A progress says now and then what is being looked at.
type progress struct {
	name atomic.Value // string
	stop chan struct{}
	done sync.WaitGroup
}

func newProgress(w io.Writer) *progress {
	p := &progress{stop: make(chan struct{})}
	p.part("pages")
	p.done.Go(func() {
		began, tick := time.Now(), time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				fmt.Fprintf(w, "after %s: checking %s\n", time.Since(began).Round(time.Second), p.name.Load())
			}
		}
	})
	return p
}

// part is called when another part is begun with.
func (p *progress) part(name string) { p.name.Store(name) }

func (p *progress) end() {
	close(p.stop)
	p.done.Wait()
}

// require marks flags as required; their names are constants of this file.
func require(cmd *cobra.Command, names ...string) {
	for _, n := range names {
		if err := cmd.MarkFlagRequired(n); err != nil {
			panic(err)
		}
	}
}

// onLoopback refuses an address that others can reach.
func onLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usagef("%v", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usagef("%s is not a loopback address; the demo has throwaway keys and no TLS", addr)
	}
	return nil
}
