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

// trustPath is where a service publishes its trust file.
const trustPath = "/.well-known/labeld.json"

// reasonElsewhere is the reason of an address that leads to another service. It is the
// same as that of the HTTP side.
const reasonElsewhere label.Reason = "ANOTHER_SERVICE"

// verifyCommands verify labels without trusting the service.
type verifyCommands struct{ *session }

// A verification is the target and the flags of verify.
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
		Short: "Check that a label is genuine, and show its status",
		Long: `Check a label. TARGET is a label ID, the URL in its QR code, a GS1 Digital Link of
the product, a picture of the code (PNG or JPEG), or a package file as served at
/l/ID/package.

The package is checked on this computer: the authority's signature, the device, and
the proof that the label is in the transparency log. The keys to trust are those in
--trust, a file that "labelctl trust" saved earlier. Without it, the service that the
target names is asked for its own keys: that finds accidents, but not a service that
lies. The first line then says so.

The package holds the whole history of the label and a signed proof that the history
is complete, so --at can show the status at a past time. A time in the future is
refused.

If the authority has moved the label's barcode number to another manufacturer, the
service says so, but a package does not.

A package file is checked without asking the service for the label, even if there is a
network; the service is asked for its keys only, and only without --trust. A file
cannot show what happened after it was made, so the proof in it is valid for 7 days,
or for as long as the trust file says. After that, the exit code is 5. To see the
status now, give the label's ID or URL instead of a file. For a superseded label, that
also shows the status of the label that replaced it.

With --status-list, the result also uses a status list, the small file at /status-list
with the status of every label. It reveals a package that is older than a suspension,
and a package without a proof is enough. A list is valid for a day.

--offline uses no network: it needs a package file and --trust.

This computer's clock must be right: anything dated more than 5 minutes ahead of it is
refused.

The exit code is
  0  the label is genuine and active
  1  it is not genuine, or that cannot be determined
  2  the command line is wrong
  4  it is genuine and not valid: expired, suspended, revoked, withdrawn,
     superseded, or not valid in a newer status list
  5  it is genuine, but nothing shows what has happened to it since: the package
     has no proof, or one that is too old
  6  it is genuine and active, but --trust was not given, so the result relies
     on keys that the service itself supplied`,
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
	f.StringVar(&v.trust, "trust", "", "`file` with the keys to trust")
	f.StringVar(&v.list, "status-list", "", "`file` with a status list to check against")
	f.BoolVar(&v.offline, "offline", false, "use no network")
	f.StringVar(&at, "at", "", "past `date or time` for which to show the status (default: now)")
	return cmd
}

// A subject is what a target names: a package, or a label whose package is fetched.
type subject struct {
	pkg  []byte     // nil where it must be fetched
	id   label.ID   // empty where the package says it
	gtin label.GTIN // of the product, where a Digital Link named that
	base string     // of the URL in the code; empty for an ID or a package
}

// readTarget reads a target. It is a file if there is one of that name, and otherwise an
// ID or URL. Without a network it must be a file.
func (c verifyCommands) readTarget(target string, offline bool) (*subject, error) {
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return nil, usagef("TARGET: %s is a directory; give a file, a label ID or a URL", target)
	case err != nil:
		s, scanErr := parseCode(target)
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
		return nil, &placeError{target, label.Errorf(label.Invalid, label.ReasonMalformed, "", "is empty")}
	}
	switch {
	case strings.HasPrefix(http.DetectContentType(head[:n]), "image/"):
		return readCode(target)
	case bytes.Contains(head[:n], []byte("<svg")):
		return nil, &placeError{target, label.Errorf(label.Invalid, label.ReasonMalformed, "",
			"is an SVG image; only PNG and JPEG images can be read")}
	}
	pkg, err := c.readFile(target, label.MaxMessage)
	if err != nil {
		return nil, err
	}
	if _, err := verify.ParsePackage(pkg); err != nil {
		return nil, &placeError{target, err}
	}
	return &subject{pkg: pkg}, nil
}

// fileName reports whether a target is meant to be a file: it has an ending or a
// directory, and is no URL.
func fileName(target string) bool {
	return !strings.Contains(target, "://") && (filepath.Ext(target) != "" || filepath.Base(target) != target)
}

// readCode reads the QR code in a picture.
func readCode(path string) (*subject, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(err)
	}
	defer f.Close()
	text, err := qr.Decode(f)
	if err != nil {
		return nil, &placeError{path, err}
	}
	s, err := parseCode(text)
	if err != nil {
		return nil, hintf(&placeError{path, err}, "the code in the image is %q", text)
	}
	return s, nil
}

// parseCode reads what a code holds or a person pasted: an ID, a label URL, or a
// GS1 Digital Link.
func parseCode(text string) (*subject, error) {
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
		return "", label.Errorf(label.NotFound, label.ReasonUnlabelled, "gtin", "%s has no label for the product with GTIN %s", base, g)
	}
	_, id, err := qr.ParsePayload(answer.Linkset[0].Label[0].Href)
	return id, err
}

func (c verifyCommands) verify(ctx context.Context, v *verification) error {
	s, err := c.readTarget(v.target, v.offline)
	if err != nil {
		return err
	}
	if v.offline && v.trust == "" {
		return usagef("--trust is required with --offline: a file with the keys to trust")
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
		return usagef("--offline needs a package file: fetch it from %s%s while there is a network", base, packagePath(s.id))
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
	r, err := c.checkPackage(trust, s, v.at)
	if err != nil {
		return err
	}
	untold, err := c.checkList(v, trust, r)
	if err != nil {
		return err
	}
	untold = cmp.Or(untold, r.Told())
	var next label.State
	if fetched && r.State == label.Superseded {
		next = c.successor(ctx, v, base, trust, r.Because.Successor.ID)
	}
	var doc labelDocument
	if s.id != "" {
		if doc, err = c.fetchDocument(ctx, base, s.id); err != nil {
			return err
		}
	}
	if err := c.showResult(v, base, r, next, doc, untold); err != nil {
		return err
	}
	overruled := untold != nil && r.Overruled != nil // such as suspended in the package and valid in a newer list
	switch {
	case r.Lost() || r.State != label.Active && !overruled:
		return exitCode(exitInvalid)
	case untold != nil:
		return exitCode(exitUntold)
	case v.trust == "":
		return exitCode(exitUntrusted)
	}
	return nil
}

// successor returns the state of the label that replaced a superseded one, by a package
// that is checked as well. It is empty if that cannot be told: the result for the
// superseded label is valid without it.
func (c verifyCommands) successor(ctx context.Context, v *verification, base string, trust *verify.Trust, id label.ID) label.State {
	pkg, err := c.get(ctx, base, packagePath(id))
	if err != nil {
		return ""
	}
	r, err := c.checkPackage(trust, &subject{pkg: pkg, id: id}, v.at)
	if err != nil || r.Told() != nil {
		return ""
	}
	return r.State
}

// A labelDocument is what the service says of a label beside its statuses: which numbers
// in its descriptor the authority has moved to another manufacturer, and which rulings on
// appeals it rests on.
type labelDocument struct {
	Moved   []label.GTIN `json:"movedGtins"`
	Rulings []struct {
		Accepted  []string      `json:"accepted"`
		TakenBack *rulingStrike `json:"takenBack"`
	} `json:"rulings"`
}

// A rulingStrike is the act by which the authority took a ruling back.
type rulingStrike struct {
	Accepted []string  `json:"accepted,omitempty"` // criteria that the ruling accepted
	At       time.Time `json:"at"`
	Text     string    `json:"text,omitempty"`
}

// strikes returns the rulings that were taken back.
func (l *labelDocument) strikes() (list []rulingStrike) {
	for _, r := range l.Rulings {
		if r.TakenBack != nil {
			list = append(list, rulingStrike{r.Accepted, r.TakenBack.At, r.TakenBack.Text})
		}
	}
	return list
}

// struck reports whether a criterion rests on rulings of which all were taken back.
func (l *labelDocument) struck(c *label.Criterion) (struck bool) {
	for _, r := range l.Rulings {
		if slices.Contains(r.Accepted, c.ID) {
			if r.TakenBack == nil {
				return false
			}
			struck = true
		}
	}
	return struck && c.By == string(scheme.Authority)
}

// fetchDocument fetches the document about a label. What it says is in no package and is
// not verified.
func (c verifyCommands) fetchDocument(ctx context.Context, base string, id label.ID) (doc labelDocument, err error) {
	b, err := c.get(ctx, base, "/l/"+string(id)+".json")
	if err != nil {
		return doc, err
	}
	err = label.DecodeLoose(b, &doc)
	return doc, err
}

// movedText names the barcode numbers that were moved to another manufacturer. It is
// empty if there are none.
func movedText[G ~string](moved []G) string {
	if len(moved) == 0 {
		return ""
	}
	var list []string
	for _, g := range moved {
		list = append(list, string(g))
	}
	return strings.Join(list, ", ") + ": moved to another manufacturer, whose products this label does not cover"
}

// checkList checks a result against the status list in a file, if one is named. The
// error untold says that the list shows nothing of the label, because it is too old or
// from before the label. It is nil for a label that has ended, which no list can change.
func (c verifyCommands) checkList(v *verification, trust *verify.Trust, r *verify.Result) (untold, err error) {
	if v.list == "" {
		return nil, nil
	}
	b, err := c.readFile(v.list, statuslist.MaxToken)
	if err != nil {
		return nil, err
	}
	list, err := trust.OpenList(b, c.now())
	if err != nil {
		err = &placeError{v.list, err}
	} else if err = trust.CheckList(r, list); err != nil {
		err = &verdictError{"cannot tell", err}
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

// base returns the URL of the service to ask. It refuses a code that leads to another
// service than the one that --url names.
func (v *verification) base(s *subject) (string, error) {
	base, chosen := baseURL(v.url)
	switch {
	case s.base == "":
		return base, nil
	case chosen && s.base != base:
		return "", label.Errorf(label.Denied, reasonElsewhere, "url",
			"the label's address leads to %s, not to %s; if you know that service, use --url", s.base, base)
	}
	return s.base, nil
}

// checkPackage checks the package, and that it is the label that was asked about.
func (c verifyCommands) checkPackage(trust *verify.Trust, s *subject, at time.Time) (*verify.Result, error) {
	now := at.IsZero()
	if now {
		at = c.now()
	}
	r, err := trust.Verify(s.pkg, at, c.now())
	if why := label.ReasonOf(err); why == label.ReasonInFuture || why == label.ReasonNewerVersion {
		return nil, &verdictError{"cannot tell", err}
	}
	if err != nil {
		return nil, &verdictError{"not genuine", err}
	}
	if s.id != "" && r.Label.ID != s.id {
		return nil, &verdictError{"not genuine", label.Errorf(label.Invalid, label.ReasonUnknownLabel, "id", "the service answered with another label, %s", r.Label.ID.Pretty())}
	}
	if s.gtin != "" && !slices.Contains(r.Label.Device.GTINs, s.gtin) {
		return nil, &verdictError{"not genuine", label.Errorf(label.Invalid, label.ReasonUnknownProduct, "gtin", "the label %s is not about the product with GTIN %s", r.Label.ID.Pretty(), s.gtin)}
	}
	if own, _, err := qr.ParsePayload(r.Label.URL); s.base != "" && (err != nil || own != s.base) {
		return nil, &verdictError{"not genuine", label.Errorf(label.Invalid, reasonElsewhere, "url", "the code leads to %s, the label was issued for %s", s.base, r.Label.URL)}
	}
	if now && r.Fresh.After(at) {
		// This computer's clock is behind the log's, by no more than Verify allows. That
		// must not hide what is in the package.
		r.Standing = r.StandingAt(r.Fresh)
	}
	if r.State == label.NotIssued {
		return nil, label.Errorf(label.Precondition, label.ReasonInFuture, "at", "the label was issued on %s, after the time you ask about", r.Label.Issued.Format(time.RFC3339))
	}
	return r, nil
}
