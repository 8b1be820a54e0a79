package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// A database that was put back from a copy knows nothing of what was served since:
// served again, it gives the log another branch under the same key, and calls labels
// valid that were revoked. So the newest log head that was served is kept in a file
// of its own (log.head in the configuration), which is best on another disk than the
// database, and is in no backup of it. Whatever the database does not continue is
// not served but read-only, and so is a database without that file.

// keepHeads has the store keep the log heads that are served, from the present one
// on. It returns why the service must be read-only: nil where it need not be.
func (d *Daemon) keepHeads(c *Config, trust *verify.Trust) (readOnly error, err error) {
	path := c.path(c.Log.Head)
	refuse := func(why error, todo string) error {
		return label.Errorf(label.Unavailable, label.ReasonReadOnly, "", "nothing is written or signed: %v. %s", why, todo)
	}
	served, signed, err := readHeads(path, trust)
	if err != nil {
		return refuse(fmt.Errorf("%w, which holds the newest log head that was served, so that nothing tells whether the database is the newest", err),
			"Hold the database against a head that others have (\"labeld check --against\"); if it is the newest, run \"labeld head --accept\""), nil
	}
	err = d.store.View(func(v *store.View) error { return v.Extends(served) })
	if lag, ok := errors.AsType[*store.Lag](err); ok {
		return refuse(fmt.Errorf("%w (%s)", lag, path),
			"Stop the service, put the newest copy of the database in its place, and run \"labeld check\". Only if what is missing is lost for ever, \"labeld head --accept\" goes on from here: everybody who has seen a later head will see that the log was forked"), nil
	}
	if err != nil {
		return nil, err
	}
	h, err := store.OpenHeadFile(path, signed)
	if err == nil {
		err = d.store.Keep(h)
	}
	if err != nil {
		return refuse(err, "Let the service write that file, and restart it"), nil
	}
	return nil, nil
}

// readHeads returns the newest log head of a file that our log signed.
func readHeads(path string, trust *verify.Trust) (translog.Tree, []byte, error) {
	texts, err := store.ReadHeads(path)
	if errors.Is(err, fs.ErrNotExist) {
		return translog.Tree{}, nil, fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return translog.Tree{}, nil, fmt.Errorf("the file %s cannot be read (%v)", path, err)
	}
	tree, signed, err := newestHead(texts, trust)
	if err != nil {
		return tree, nil, fmt.Errorf("the file %s has no log head (%v)", path, err)
	}
	return tree, signed, nil
}

// newestHead returns the largest log head that was served, of some of which one may
// be spoilt, and one may not have been served yet.
func newestHead(kept []store.KeptHead, trust *verify.Trust) (tree translog.Tree, signed []byte, err error) {
	type head struct {
		store.KeptHead
		tree translog.Tree
	}
	var good []head
	var bad []error
	for _, k := range kept {
		cp, err := trust.OpenCheckpoint(k.Text)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		good = append(good, head{k, cp.Tree})
	}
	if len(good) == 0 {
		return tree, nil, errors.Join(bad...)
	}
	slices.SortFunc(good, func(a, b head) int { return cmp.Compare(a.tree.N, b.tree.N) })
	newest := good[len(good)-1]
	if newest.Pending && len(good) > 1 {
		newest = good[len(good)-2]
	}
	return newest.tree, newest.Text, nil
}

const (
	// checkpointPath is where a service answers with its log head.
	checkpointPath = "/log/checkpoint"

	// fetchLimit is how long is waited for a log head from elsewhere.
	fetchLimit = 30 * time.Second
)

// FetchHeads returns the log heads at a source: the text of a head, a URL of one or
// of a service, or a file with one, which may be a head file.
func FetchHeads(ctx context.Context, source string) ([]store.KeptHead, error) {
	if strings.Contains(source, "\n") {
		return []store.KeptHead{{Text: []byte(source)}}, nil
	}
	if !strings.HasPrefix(source, "https://") && !strings.HasPrefix(source, "http://") {
		return store.ReadHeads(source)
	}
	if rest := source[strings.Index(source, "://")+3:]; !strings.Contains(strings.TrimSuffix(rest, "/"), "/") {
		source = strings.TrimSuffix(source, "/") + checkpointPath
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, translog.MaxCheckpoint+1))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", source, resp.Status)
	}
	return []store.KeptHead{{Text: text}}, err
}

// A HeadState is what a programme that is not being served and its head file say of
// the log.
type HeadState struct {
	Log    translog.Tree // of the database
	Served translog.Tree // in the head file
	Doubt  error         // why the service would be read-only; nil where it would not
}

// ReadHead holds a programme's database against its head file.
func ReadHead(ctx context.Context, c *Config) (*HeadState, error) {
	trust, err := c.publicTrust(ctx)
	if err != nil {
		return nil, err
	}
	s, err := store.OpenReadOnly(c.dir)
	if err != nil {
		return nil, err
	}
	out := &HeadState{}
	out.Served, _, out.Doubt = readHeads(c.path(c.Log.Head), trust)
	err = s.View(func(v *store.View) error {
		head, err := v.Head()
		out.Log = head.Tree
		if err != nil || out.Doubt != nil {
			return err
		}
		if err = v.Extends(out.Served); errors.As(err, new(*store.Lag)) {
			out.Doubt, err = err, nil
		}
		return err
	})
	return out, errors.Join(err, s.Close())
}

// GivenUp says what is lost when the database is taken for the newest: the head that
// was served, and how many of its entries others may have seen that the database does
// not have. It is empty where nothing that is known is lost.
func (h *HeadState) GivenUp() string {
	lag, ok := errors.AsType[*store.Lag](h.Doubt)
	switch {
	case ok && lag.Head.N > lag.Log.N:
		return fmt.Sprintf("the head with %d entries and root %s; the last %d, or more where this is another branch, which others may have seen, are missing from now on", lag.Head.N, lag.Head.Hash, lag.Missing())
	case ok:
		return fmt.Sprintf("the head with %d entries and root %s; the database has other entries instead of the last 1 at least, which others may have seen", lag.Head.N, lag.Head.Hash)
	case h.Doubt != nil:
		return fmt.Sprintf("whatever was served after %d entries, which nobody here can tell: %v", h.Log.N, h.Doubt)
	}
	return ""
}

// AcceptHead takes the database for the newest, by an operator's act: the head file
// is made anew with its log head. One that is there is kept beside it. It is refused
// while a service runs, which holds the database.
func AcceptHead(c *Config, log *slog.Logger) error {
	s, err := store.Open(c.dir)
	if err != nil {
		return err
	}
	var head store.Head
	path := c.path(c.Log.Head)
	err = s.View(func(v *store.View) (err error) { head, err = v.Head(); return err })
	if err == nil {
		if before := path + ".replaced"; os.Rename(path, before) == nil {
			log.Warn("the head file that was there is kept", "file", before)
		}
		err = store.CreateHeadFile(path, head.Checkpoint)
	}
	if err == nil {
		log.Warn("the database was taken for the newest by an operator", "entries", head.Tree.N)
	}
	return errors.Join(err, s.Close())
}

// publicTrust returns what verifiers are to trust, without any private key.
func (c *Config) publicTrust(ctx context.Context) (*verify.Trust, error) {
	programme, err := c.programme()
	if err != nil {
		return nil, err
	}
	return c.trust(ctx, c.URL, programme)
}
