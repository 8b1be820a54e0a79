package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/scheme"
	"labeld/internal/statuslist"
	"labeld/internal/verify"
)

// trustPath is where a service says which keys it signs with.
const trustPath = "/.well-known/labeld.json"

// reasonElsewhere is the reason that the HTTP side has for the same thing: the
// address of a label of another service.
const reasonElsewhere label.Reason = "ANOTHER_SERVICE"

// verifyCommands check labels without taking the service's word.
type verifyCommands struct{ *session }

// A verification is what verify was asked.
type verification struct {
	target  string
	url     string
	trust   string // file
	list    string // file with a status list
	offline bool
	at      time.Time // now where zero
}

func verifyCommand(s *session) *cobra.Command {
	c := verifyCommands{s}
	var v verification
	var at string
	cmd := &cobra.Command{
		Use:   "verify TARGET",
		Short: "Check that a label is genuine, and where it stands",
		Long: `Check a label. TARGET is a label ID, the URL in its QR code, a GS1 Digital Link of
the product, a picture of the code (PNG or JPEG), or a package file as served at
/l/ID/package.

The package is checked here: the authority's signature, the device, and the proof
that the label is in the transparency log. The keys to believe are those in
--trust, a file that "labelctl trust" saved earlier. Without it the service that
the target names is asked for its own keys: that finds accidents, and not a
service that lies. The first line then says so.

The package holds all that happened to the label, so that --at can ask how it
stood at an instant that is past, and a signed proof that it is all. How it will
stand nobody can say: an instant that is yet to come is refused.

A number under the barcode that the authority has moved to another manufacturer is
named as such where the service is asked for the label; a package does not tell.

A package file is checked by itself, also where there is a network: the service
is asked for its keys where --trust is not given, and never for the label. What
happened after the package was made cannot be known from a file, so the proof in
it counts for 7 days, or for as long as the trust file says, and then the answer
is exit code 5. To know how the label stands now, give its ID or its URL instead
of the file. Of a superseded label that also tells how the one in its place stands.

A status list, the small file at /status-list that tells of all labels, says more:
with --status-list a package that is older than a suspension is found out, and one
without the proof will do. A list counts for a day.

--offline uses no network: it needs a package file and --trust.

This computer's clock must be right: what is dated more than five minutes ahead of
it is refused.

The exit code is
  0  the label is genuine and active
  1  it is not genuine, or that cannot be told
  2  the command line is wrong
  4  it is genuine and not valid: expired, suspended, revoked, withdrawn,
     superseded, or not valid by a status list that is newer
  5  it is genuine, and nothing shows whether anything has happened to it since:
     the package has no proof of that, or one that is too old
  6  it is genuine and active if the keys are believed that the service itself
     names: --trust was not given`,
		Example: `  labelctl verify K7QM-4T2X-9PWH --url https://labels.example.org
  labelctl verify photo.jpg --trust labeld.json
  labelctl verify --offline --trust labeld.json label-K7QM4T2X9PWH.json --at 2027-06-30
  labelctl verify --offline --trust labeld.json --status-list status.jwt label-K7QM4T2X9PWH.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			v.target = args[0]
			if at != "" {
				if v.at, err = parsePast("at", at, c.now()); err != nil {
					return err
				}
			}
			return c.verify(cmd.Context(), &v)
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.url, "url", "", "base `URL` of the service ("+envURL+"; default: that in the label's URL, or http://127.0.0.1:8080)")
	f.StringVar(&v.trust, "trust", "", "`file` with the keys to believe")
	f.StringVar(&v.list, "status-list", "", "`file` with a status list to check against")
	f.BoolVar(&v.offline, "offline", false, "use no network")
	f.StringVar(&at, "at", "", "past `instant`, or day, for which to say where the label stands (default: now)")
	return cmd
}

// A subject is what a target came to: a package, or a label to be asked for.
type subject struct {
	pkg  []byte     // nil where it must be fetched
	id   label.ID   // empty where the package says it
	gtin label.GTIN // of the product, where a Digital Link named that
	base string     // of the URL in the code; empty for an ID or a package
}

// subject reads the target: a file if there is one of that name, else an ID or
// URL. Offline only a file will do.
func (c verifyCommands) subject(target string, offline bool) (*subject, error) {
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return nil, usagef("TARGET: %s is a directory; name a file, a label's ID or its URL", target)
	case err != nil:
		s, scanErr := scanned(target)
		if scanErr == nil || label.ReasonOf(scanErr) == label.ReasonIDCheck && !offline {
			return s, scanErr
		}
		if offline || fileName(target) || !errors.Is(err, fs.ErrNotExist) {
			return nil, pathError(err)
		}
		return nil, hintf(scanErr, "there is no file %q either", target)
	}
	f, err := os.Open(target)
	if err != nil {
		return nil, pathError(err)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := f.Read(head)
	if err != nil && n == 0 {
		return nil, &located{target, label.Errorf(label.Invalid, label.ReasonMalformed, "", "is empty")}
	}
	switch {
	case strings.HasPrefix(http.DetectContentType(head[:n]), "image/"):
		return pictured(target)
	case bytes.Contains(head[:n], []byte("<svg")):
		return nil, &located{target, label.Errorf(label.Invalid, label.ReasonMalformed, "",
			"is a drawing (SVG); only pictures in PNG and JPEG can be read")}
	}
	pkg, err := c.readFile(target, label.MaxMessage)
	if err != nil {
		return nil, err
	}
	if _, err := verify.ParsePackage(pkg); err != nil {
		return nil, &located{target, err}
	}
	return &subject{pkg: pkg}, nil
}

// fileName reports whether somebody who typed this meant a file: it has an ending
// or a folder, and no scheme.
func fileName(target string) bool {
	return !strings.Contains(target, "://") && (filepath.Ext(target) != "" || filepath.Base(target) != target)
}

// pictured reads the QR code in a picture.
func pictured(path string) (*subject, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(err)
	}
	defer f.Close()
	text, err := qr.Decode(f)
	if err != nil {
		return nil, &located{path, err}
	}
	s, err := scanned(text)
	if err != nil {
		return nil, hintf(&located{path, err}, "the code in the picture says %q", text)
	}
	return s, nil
}

// scanned reads what a code holds or a person pasted: an ID, a label URL, or a
// GS1 Digital Link.
func scanned(text string) (*subject, error) {
	if base, g, err := qr.ParseDigitalLink(text); err == nil {
		return &subject{gtin: g, base: base}, nil
	}
	base, id, err := qr.ParsePayload(text)
	if err != nil {
		return nil, err
	}
	return &subject{id: id, base: base}, nil
}

// resolve finds the label that a Digital Link leads to.
func (c verifyCommands) resolve(ctx context.Context, base string, g label.GTIN) (label.ID, error) {
	b, err := c.get(ctx, base, "/01/"+string(g)+"?linkType=linkset")
	if err != nil {
		return "", err
	}
	var answer struct {
		Linkset []struct {
			Label []struct {
				Href string `json:"href"`
			} `json:"https://gs1.org/voc/certificationInfo"`
		} `json:"linkset"`
	}
	if err := label.DecodeLoose(b, &answer); err != nil {
		return "", err
	}
	if len(answer.Linkset) == 0 || len(answer.Linkset[0].Label) == 0 {
		return "", label.Errorf(label.NotFound, label.ReasonUnlabelled, "gtin", "%s names no label of the product with GTIN %s", base, g)
	}
	_, id, err := qr.ParsePayload(answer.Linkset[0].Label[0].Href)
	return id, err
}

func (c verifyCommands) verify(ctx context.Context, v *verification) error {
	s, err := c.subject(v.target, v.offline)
	if err != nil {
		return err
	}
	if v.offline && v.trust == "" {
		return usagef("--offline needs --trust: a file with the keys to believe")
	}
	base, err := v.base(s)
	if err != nil {
		return err
	}
	if s.gtin != "" {
		if v.offline {
			return usagef("--offline needs a package file; a GS1 Digital Link names a product, and only the service knows its label")
		}
		if s.id, err = c.resolve(ctx, base, s.gtin); err != nil {
			return err
		}
	}
	if s.pkg == nil && v.offline {
		return usagef("--offline needs a package file: ask %s%s for it while there is a network", base, packagePath(s.id))
	}
	trust, err := c.trust(ctx, v.trust, base)
	if err != nil {
		return err
	}
	fetched := s.pkg == nil
	if fetched {
		if s.pkg, err = c.get(ctx, base, packagePath(s.id)); err != nil {
			return err
		}
	}
	r, err := c.genuine(trust, s, v.at)
	if err != nil {
		return err
	}
	untold, err := c.listed(v, trust, r)
	if err != nil {
		return err
	}
	untold = cmp.Or(untold, r.Told())
	var next label.State
	if fetched && r.State == label.Superseded {
		next = c.successor(ctx, v, base, trust, r.Because.Successor.ID)
	}
	var since later
	if s.id != "" {
		if since, err = c.later(ctx, base, s.id); err != nil {
			return err
		}
	}
	if err := c.showVerified(v, base, r, next, since, untold); err != nil {
		return err
	}
	overruled := untold != nil && r.Overruled != nil // such as suspended in the package, and valid in a newer list
	switch {
	case r.Lost() || r.State != label.Active && !overruled:
		return outcome(exitInvalid)
	case untold != nil:
		return outcome(exitUntold)
	case v.trust == "":
		return outcome(exitUntrusted)
	}
	return nil
}

// successor asks how the label stands that took the place of a superseded one, checked
// like that one; empty where that cannot be told, which is no reason to say nothing of
// the other.
func (c verifyCommands) successor(ctx context.Context, v *verification, base string, trust *verify.Trust, id label.ID) label.State {
	pkg, err := c.get(ctx, base, packagePath(id))
	if err != nil {
		return ""
	}
	r, err := c.genuine(trust, &subject{pkg: pkg, id: id}, v.at)
	if err != nil || r.Told() != nil {
		return ""
	}
	return r.State
}

// later is what has become since of what a label names: which of the numbers in its
// descriptor the authority has moved to another manufacturer, and which rulings on
// appeals it has taken back.
type later struct {
	Moved   []label.GTIN `json:"movedGtins"`
	Rulings []struct {
		Accepted  []string   `json:"accepted"`
		TakenBack *takenBack `json:"takenBack"`
	} `json:"rulings"`
}

// takenBack says that a ruling does not count any more.
type takenBack struct {
	Accepted []string  `json:"accepted,omitempty"` // criteria that the ruling accepted
	At       time.Time `json:"at"`
	Text     string    `json:"text,omitempty"`
}

// takenBack returns the rulings that do not count any more.
func (l *later) takenBack() (list []takenBack) {
	for _, r := range l.Rulings {
		if r.TakenBack != nil {
			list = append(list, takenBack{r.Accepted, r.TakenBack.At, r.TakenBack.Text})
		}
	}
	return list
}

// fell reports whether a criterion rests on a ruling that does not count any more.
func (l *later) fell(c *label.Criterion) (fell bool) {
	for _, r := range l.Rulings {
		if slices.Contains(r.Accepted, c.ID) {
			if r.TakenBack == nil {
				return false
			}
			fell = true
		}
	}
	return fell && c.By == string(scheme.Authority)
}

// later asks the service for that. No package has it, since it is nothing that
// happened to the label: the service's word is taken.
func (c verifyCommands) later(ctx context.Context, base string, id label.ID) (since later, err error) {
	b, err := c.get(ctx, base, "/l/"+string(id)+".json")
	if err != nil {
		return since, err
	}
	return since, label.DecodeLoose(b, &since)
}

// movedText says what the label says nothing of any more; nothing where no number was
// moved.
func movedText[G ~string](moved []G) string {
	if len(moved) == 0 {
		return ""
	}
	var list []string
	for _, g := range moved {
		list = append(list, string(g))
	}
	return strings.Join(list, ", ") + ": another manufacturer's now, of what bears it the label says nothing"
}

// listed holds a result to the status list in a file, if one is named. A list
// that is too old, or from before the label, shows nothing: untold says so, where
// the label has not ended anyway.
func (c verifyCommands) listed(v *verification, trust *verify.Trust, r *verify.Result) (untold, err error) {
	if v.list == "" {
		return nil, nil
	}
	b, err := c.readFile(v.list, statuslist.MaxToken)
	if err != nil {
		return nil, err
	}
	list, err := trust.OpenList(b, c.now())
	if err != nil {
		err = &located{v.list, err}
	} else if err = trust.CheckList(r, list); err != nil {
		err = &led{"cannot tell", err}
	}
	switch {
	case label.ReasonOf(err) != label.ReasonStale:
		return nil, err
	case r.State.Live():
		return err, nil
	}
	return nil, nil
}

func packagePath(id label.ID) string { return "/l/" + string(id) + "/package" }

// base returns the service to ask. A code that leads to another service than
// the one that was named is a reason to stop, not to ask there.
func (v *verification) base(s *subject) (string, error) {
	base, chosen := baseURL(v.url)
	switch {
	case s.base == "":
		return base, nil
	case chosen && s.base != base:
		return "", label.Errorf(label.Denied, reasonElsewhere, "url",
			"the label's address leads to %s, not to %s; if you know that service, name it with --url", s.base, base)
	}
	return s.base, nil
}

// genuine checks the package, and that it is the label that was asked about.
func (c verifyCommands) genuine(trust *verify.Trust, s *subject, at time.Time) (*verify.Result, error) {
	now := at.IsZero()
	if now {
		at = c.now()
	}
	r, err := trust.Verify(s.pkg, at, c.now())
	if label.ReasonOf(err) == label.ReasonInFuture {
		return nil, &led{"cannot tell", err}
	}
	if err != nil {
		return nil, &led{"not genuine", err}
	}
	if s.id != "" && r.Label.ID != s.id {
		return nil, &led{"not genuine", label.Errorf(label.Invalid, label.ReasonUnknownLabel, "id", "the service answered with another label, %s", r.Label.ID.Pretty())}
	}
	if s.gtin != "" && !slices.Contains(r.Label.Device.GTINs, s.gtin) {
		return nil, &led{"not genuine", label.Errorf(label.Invalid, label.ReasonUnknownProduct, "gtin", "the label %s is not about the product with GTIN %s", r.Label.ID.Pretty(), s.gtin)}
	}
	if own, _, err := qr.ParsePayload(r.Label.URL); s.base != "" && (err != nil || own != s.base) {
		return nil, &led{"not genuine", label.Errorf(label.Invalid, reasonElsewhere, "url", "the code leads to %s, the label was issued for %s", s.base, r.Label.URL)}
	}
	if now && r.Fresh.After(at) {
		// Our clock is a little behind the log's, by no more than Verify forgives. It
		// must not hide what is in the package.
		r.Standing = r.StandingAt(r.Fresh)
	}
	if r.State == label.NotIssued {
		return nil, label.Errorf(label.Precondition, label.ReasonInFuture, "at", "the label was issued on %s, after the time you ask about", r.Label.Issued.Format(time.RFC3339))
	}
	return r, nil
}
