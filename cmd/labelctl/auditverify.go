package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
	"labeld/internal/verify"
)

func auditExportCommand(c auditCommands) *cobra.Command {
	return &cobra.Command{
		Use:   "export FILE",
		Short: "Save the whole audit trail to a file (operators only)",
		Long: `Save the audit trail to a new file. The first line has the root of the trail that was
logged last: the authority's signed statement, and the proof that the public log has it.
Each other line is one entry in JSON, exactly as it is hashed, oldest first.

Keep a copy where the people who run the service cannot change it. "labelctl audit
verify" checks it without the service.`,
		Example: "  labelctl audit export trail.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.export(cmd.Context(), args[0]) },
	}
}

// An exportedTrail says what was exported.
type exportedTrail struct {
	File    string `json:"file"`
	Entries int64  `json:"entries"`
	Logged  int64  `json:"logged"` // how many of them the log has the root of
}

func (c auditCommands) export(ctx context.Context, path string) (err error) {
	t, err := c.fetchTrail(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return pathError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path)) // half a trail would look like one that was cut off
		}
	}()
	w := bufio.NewWriter(f)
	done := &exportedTrail{File: path, Logged: t.logged}
	first, err := label.Encode(t.head)
	if err == nil {
		_, err = w.Write(append(first, '\n'))
	}
	if err == nil {
		err = t.entries(func(leaf []byte) error {
			done.Entries++
			_, err := w.Write(append(leaf, '\n'))
			return err
		})
	}
	if err = errors.Join(err, w.Flush(), f.Close()); err != nil {
		return pathError(err)
	}
	return c.show(done, func(p *terminal.Page) {
		p.Line("%s: %d entries, of which the log has the root of the first %d", path, done.Entries, done.Logged)
	})
}

// A trailSource is where an audit trail is read from.
type trailSource struct {
	head    *verify.TrailHead
	logged  int64 // entries of the head, as the service says; 0 for a file
	entries func(f func(leaf []byte) error) error
	close   func()
}

// fetchTrail reads the audit trail from the service, as far as it goes when it is asked.
func (c auditCommands) fetchTrail(ctx context.Context) (*trailSource, error) {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAuditServiceClient)
	if err != nil {
		return nil, err
	}
	r, err := api.GetAuditHead(ctx, &labelv1.GetAuditHeadRequest{})
	if err != nil {
		conn.Close()
		return nil, err
	}
	t := &trailSource{head: verify.NewTrailHead(nil, nil), logged: r.GetHead().GetSize(), close: func() { conn.Close() }}
	if h := r.GetHead(); h != nil {
		t.head = verify.NewTrailHead(h.GetBundle(), []byte(h.GetProof()))
	}
	t.entries = func(f func([]byte) error) error {
		for n := int64(0); n < r.GetSize(); {
			page, err := api.ExportActs(ctx, &labelv1.ExportActsRequest{From: n, PageSize: pageSize})
			if err != nil {
				return err
			}
			if len(page.GetEntries()) == 0 {
				return label.Errorf(label.Internal, label.ReasonInternal, "entries", "the service has %d entries, and returns %d", r.GetSize(), n)
			}
			for _, leaf := range page.GetEntries() {
				if n++; n > r.GetSize() {
					break // it was added meanwhile
				}
				if err := f(leaf); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return t, nil
}

// openTrail reads an audit trail from a file.
func openTrail(path string) (*trailSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(err)
	}
	t := &trailSource{close: func() { f.Close() }}
	r, line := bufio.NewReaderSize(f, label.MaxMessage+1), 0
	next := func(most int) ([]byte, error) {
		text, err := r.ReadSlice('\n')
		if err == io.EOF && len(text) == 0 {
			return nil, err
		}
		line++
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || err == nil && len(text) > most+1:
			err = label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "the line is longer than it may be, which is %d bytes", most)
		case err == io.EOF:
			err = label.Errorf(label.Invalid, label.ReasonMalformed, "", "the line is cut off")
		}
		if err != nil {
			return nil, atLine(path, line, err)
		}
		return text[:len(text)-1], nil
	}
	first, err := next(label.MaxMessage)
	if err == io.EOF {
		err = &placeError{path, label.Errorf(label.Invalid, label.ReasonMalformed, "", "is empty")}
	} else if err == nil {
		if t.head, err = verify.ParseTrailHead(first); err != nil {
			err = atLine(path, line, err)
		}
	}
	if err != nil {
		t.close()
		return nil, err
	}
	t.entries = func(add func([]byte) error) error {
		for {
			leaf, err := next(label.MaxTrailEntry)
			if err == io.EOF {
				return nil
			}
			if err == nil {
				if err = add(leaf); err != nil {
					err = atLine(path, line, err)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return t, nil
}

// atLine says in which line of a file something is wrong.
func atLine(path string, line int, err error) error {
	return &placeError{fmt.Sprintf("%s:%d", path, line), err}
}

func auditVerifyCommand(c auditCommands) *cobra.Command {
	var url, trust string
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check that nobody has changed the audit trail",
		Long: `Check an exported audit trail, or without FILE the trail that the service has now:
the authority's signature under the root of the trail, the proof that the transparency
log has that statement, and that the entries have that root.

With FILE and --trust, no network is used. Entries after those of the logged root are
counted as not yet logged: nothing shows yet that they are as they were written.

An older export and a newer one must both verify. The newer one then begins with all
entries of the older one.

The exit code is
  0  the entries are those whose root the log has
  1  that cannot be determined
  2  the command line is wrong
  4  they are not: an entry was changed, removed, inserted or moved, or the root
     is not in the log
  5  nothing contradicts it, but nobody can tell: no root was logged yet, so
     that nothing in the file is signed, or later entries have not been logged
     when they should have been
  6  they are, but --trust was not given, so that the result relies on keys that
     the service itself supplied`,
		Example: "  labelctl audit verify trail.jsonl --trust labeld.json\n  labelctl audit verify --trust labeld.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var t *trailSource
			var err error
			if len(args) > 0 {
				t, err = openTrail(args[0])
			} else {
				t, err = c.fetchTrail(cmd.Context())
			}
			if err != nil {
				return err
			}
			defer t.close()
			return c.verify(cmd.Context(), t, url, trust)
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "base `URL` of the service ("+envURL+"; default: http://127.0.0.1:8080)")
	cmd.Flags().StringVar(&trust, "trust", "", "`file` with the keys to trust")
	return cmd
}

// A trailCheck is what checking an audit trail came to, and the result of that as JSON.
type trailCheck struct {
	Genuine bool           `json:"genuine"`          // nothing in it contradicts what is signed, and something is
	Trusted bool           `json:"trusted"`          // the keys are those of a trust file
	Told    bool           `json:"told"`             // all entries are as they were written, but for the latest
	Untold  string         `json:"untold,omitempty"` // why that is not so
	Problem string         `json:"problem,omitempty"`
	Checks  []verify.Check `json:"checks"`
	Entries int64          `json:"entries"`
	Pending int64          `json:"pending,omitzero"` // of them not yet logged
	AsOf    time.Time      `json:"asOf,omitzero"`    // of the log

	since  time.Time // of the first that is pending
	signed bool      // there is a head
}

// verify checks an audit trail.
func (c auditCommands) verify(ctx context.Context, t *trailSource, url, trustFile string) error {
	base, _ := baseURL(url)
	trust, err := c.trust(ctx, trustFile, base)
	if err != nil {
		return err
	}
	r := &trailCheck{Trusted: trustFile != "", Checks: []verify.Check{}}
	err = r.check(trust, t, c.now())
	wrong := err != nil && label.KindOf(err) == label.Invalid && label.ReasonOf(err) != label.ReasonInFuture
	if err != nil && !wrong {
		return err
	}
	if r.Genuine = !wrong && r.signed; wrong {
		r.Problem = err.Error()
	}
	if err := c.show(r, func(p *terminal.Page) {
		if !r.Trusted {
			writeUntrusted(p, base)
		}
		r.write(p)
	}); err != nil {
		return err
	}
	switch {
	case wrong:
		return exitCode(exitInvalid)
	case !r.Told:
		return exitCode(exitUntold)
	case !r.Trusted:
		return exitCode(exitUntrusted)
	}
	return nil
}

// add records a check that the trail has passed.
func (r *trailCheck) add(name, format string, args ...any) {
	r.Checks = append(r.Checks, verify.Check{Name: name, Says: fmt.Sprintf(format, args...)})
}

func (r *trailCheck) check(trust *verify.Trust, t *trailSource, now time.Time) error {
	trail, err := trust.Trail(t.head, now)
	if err != nil {
		return err
	}
	if h := trail.Head; h != nil {
		r.signed = true
		r.add("signature", "%s signed the root of %d entries on %s", h.Authority.Name, h.Size, instant(h.Recorded))
		r.add("log", "entry %d in the transparency log %s, as of %s", trail.Index, trust.Log.Origin, instant(trail.At))
	}
	if err := t.entries(func(leaf []byte) error { _, err := trail.Add(leaf); return err }); err != nil {
		return err
	}
	if err := trail.End(); err != nil {
		return err
	}
	r.Entries, r.AsOf = trail.Size(), trail.At
	r.Pending, r.since = trail.Beyond()
	if trail.Head != nil {
		r.add("entries", "the first %d have this root", trail.Head.Size)
	}
	if err := trail.Told(); err != nil {
		r.Untold = untoldText(err)
		return nil
	}
	r.Told = true
	return nil
}

func (r *trailCheck) write(p *terminal.Page) {
	var rows [][]string
	for _, check := range r.Checks {
		rows = append(rows, []string{"✓ " + check.Name, check.Says})
	}
	p.Table(nil, rows)
	if len(rows) > 0 {
		p.Line("")
	}
	switch {
	case r.Problem != "":
		p.Line("NOT what the log has: %s", r.Problem)
		return
	case r.Entries == 0:
		p.Line("the audit trail is empty")
	case r.Pending < r.Entries:
		p.Line("%s as they were written", plural(int(r.Entries-r.Pending), "entry is", "entries are"))
	}
	if r.Pending > 0 {
		p.Line("not yet logged: %s, the first from %s", plural(int(r.Pending), "entry", "entries"), instant(r.since))
	}
	if !r.Told {
		p.Line("CANNOT TELL whether these are as they were written: %s", r.Untold)
	}
}
