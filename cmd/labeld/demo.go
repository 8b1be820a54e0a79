package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/daemon"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/terminal"
	"labeld/internal/token"
	"labeld/labels"
)

// The parties of the demo; labels/examples names the lab and the manufacturer.
const (
	demoAuthority = "demo-authority"
	demoLab       = "aurora-lab"
	demoMaker     = "northlight"
)

func demoCommand() *cobra.Command {
	var dir string
	var tour bool
	c := daemon.Config{
		Authority: daemon.AuthorityConfig{ID: demoAuthority, Name: "Demo Authority for Product Security"},
	}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole programme with a lab, a manufacturer and a label",
		Long: `Make a programme with throwaway, unencrypted keys in a temporary directory (or in
--data, which must be new), serve it on loopback, and do the whole job through
the public gRPC API: enrol a lab and a manufacturer, register a camera, submit a
signed test report and a declaration, and request a label. A smart plug then asks
for more than it can show, and is told what is missing. Keeps serving until
interrupted; a temporary directory is then removed.

With --tour the camera's label then goes through its life: an advisory, a
suspension, the end of that, and a new label in its place; after each step it says
what a shopper, a shop, the manufacturer and an auditor see.`,
		Example: "  labeld demo\n  labeld demo --tour\n  labeld demo --http 127.0.0.1:0 --grpc 127.0.0.1:0 --data /tmp/programme",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for name, addr := range map[string]*string{"http": &c.HTTP, "grpc": &c.GRPC} {
				if !cmd.Flags().Changed(name) && busy(*addr) {
					note := fmt.Sprintf("note: another program listens on %s; the demo takes a free port (--%s names one)", *addr, name)
					fmt.Fprintln(cmd.ErrOrStderr(), terminal.Wrapped(note, terminal.Width(cmd.ErrOrStderr())))
					*addr = "127.0.0.1:0"
				}
			}
			return runDemo(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), dir, tour, c)
		},
	}
	cmd.Flags().StringVar(&dir, "data", "", "directory to make the programme in (default: a temporary one)")
	cmd.Flags().BoolVar(&tour, "tour", false, "take the label through its life")
	cmd.Flags().StringVar(&c.HTTP, "http", "127.0.0.1:8080", "address for HTTP; port 0 takes a free one, and so does the demo where this one is in use")
	cmd.Flags().StringVar(&c.GRPC, "grpc", "127.0.0.1:8443", "address for gRPC; port 0 takes a free one, and so does the demo where this one is in use")
	return cmd
}

// busy reports whether another program listens on an address.
func busy(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return errors.Is(err, syscall.EADDRINUSE)
	}
	return l.Close() != nil
}

func runDemo(ctx context.Context, out, stderr io.Writer, dir string, tour bool, c daemon.Config) (err error) {
	for _, addr := range []string{c.HTTP, c.GRPC} {
		if err := onLoopback(addr); err != nil {
			return err
		}
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "labeld-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	c.URL = "http://" + c.HTTP
	c.Log.Origin = "demo.labeld.example/log"
	c.PrivateWebhooks = true
	if err := daemon.Init(ctx, dir, c, daemon.FirstPerson, nil, time.Now()); err != nil {
		return err
	}
	config, err := daemon.LoadConfig(dir)
	if err != nil {
		return err
	}
	log := logger(stderr, slog.LevelWarn)
	d, err := daemon.Open(ctx, config, daemon.Options{Log: log, Memory: newMemory(config, log).follow})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx) }()
	demo := &demo{dir: dir, grpc: d.GRPC, url: d.URL, now: d.Authority.Now, out: out, ctx: ctx}
	if err := demo.run(tour); err != nil {
		cancel(err)
		return errors.Join(err, <-served)
	}
	return <-served
}

// A demo acts for all the parties of a small programme.
type demo struct {
	dir  string // of the programme; keys and documents are written there
	grpc string // address of the service
	url  string // base URL of the service
	now  func() time.Time
	out  io.Writer
	ctx  context.Context // of the whole demo, which is one call
}

func (m *demo) say(format string, args ...any) {
	fmt.Fprintln(m.out, terminal.Wrapped(fmt.Sprintf(format, args...), terminal.Width(m.out)))
}

func (m *demo) path(name string) string { return filepath.Join(m.dir, name) }

// A party is an organization of the demo, connected to the service.
type party struct {
	id     string
	signer *envelope.Signer
	conn   *grpc.ClientConn
}

// party connects as an organization with the key in a file.
func (m *demo) party(id, keyFile string) (*party, error) {
	s, err := envelope.LoadSigner(m.ctx, m.path(keyFile), nil)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient("passthrough:///"+m.grpc,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(&token.Source{Signer: s, Organization: id, Audience: m.grpc, Loopback: true}))
	if err != nil {
		return nil, err
	}
	return &party{id: id, signer: s, conn: conn}, nil
}

func (m *demo) run(tour bool) error {
	m.say("a programme in %s, served at %s (gRPC %s)", m.dir, m.url, m.grpc)
	if err := m.enrol(); err != nil {
		return fmt.Errorf("enrolling the parties: %w", err)
	}
	lab, err := m.party(demoLab, "lab.key")
	if err != nil {
		return err
	}
	maker, err := m.party(demoMaker, "maker.key")
	if err != nil {
		return err
	}
	camera, err := m.submit("camera", lab, maker)
	if err != nil {
		return fmt.Errorf("submitting the camera's evidence: %w", err)
	}
	issued, err := m.request(maker, "camera", camera, 3)
	if err != nil {
		return err
	}
	if issued.GetLabel() == nil {
		return errors.New("the camera's evidence did not support level 3")
	}
	plug, err := m.submit("plug", lab, maker)
	if err != nil {
		return fmt.Errorf("submitting the plug's evidence: %w", err)
	}
	if _, err := m.request(maker, "plug", plug, 2); err != nil {
		return err
	}
	last := issued.GetLabel().GetSummary()
	if tour {
		if last, err = m.tour(lab, maker, camera, last.GetId()); err != nil {
			return fmt.Errorf("the tour: %w", err)
		}
	}
	return m.finish(last)
}

// enrol makes the parties' keys and has the operator enrol them.
func (m *demo) enrol() error {
	op, err := m.party(demoAuthority, daemon.OperatorKey)
	if err != nil {
		return err
	}
	defer op.conn.Close()
	for _, o := range []struct {
		key, id string
		role    label.Role
		profile label.Profile
	}{
		{"lab.key", demoLab, label.RoleLab, label.Profile{Name: "Aurora Test Laboratory"}},
		{"maker.key", demoMaker, label.RoleManufacturer, label.Profile{Name: "Northlight Devices", Contact: "mailto:security@northlight.example"}},
	} {
		pub, err := envelope.WriteKey(m.path(o.key), "ecdsa-p256", nil)
		if err != nil {
			return err
		}
		for _, r := range []*label.RegistryRequest{
			{Act: label.ActEnrolOrg, Organization: o.id, Profile: &o.profile, Roles: []label.Role{o.role}},
			{Act: label.ActAddKey, Organization: o.id, PEM: pub.PEM},
		} {
			if err := m.register(op, r); err != nil {
				return err
			}
		}
		m.say("enrolled %s (%s)", o.profile.Name, o.id)
	}
	today := label.DateOf(m.now())
	return m.register(op, &label.RegistryRequest{Act: label.ActAccredit, Organization: demoLab, Accreditation: &label.Scope{
		Number: "DEMO-L-0042", Body: "Demo Accreditation Board", Standards: []string{"en303645"}, Categories: []string{"*"},
		Methods:  []label.Method{"document-review", "functional-test", "binary-analysis", "penetration-test"},
		Interval: label.Period{From: today.AddMonths(-24), To: today.AddMonths(24)},
	}})
}

// register has the register changed at a party's signed request. The authority of the demo
// is one person, so that nothing waits for another.
func (m *demo) register(by *party, r *label.RegistryRequest) error {
	r.Made = m.now().UTC().Truncate(time.Second)
	r.Address(m.url)
	stmt, err := label.NewStatement(r.About(), r.Subject(), label.TypeRegistryRequest, r)
	if err != nil {
		return err
	}
	signed, err := sealed(by.signer, stmt)
	if err != nil {
		return err
	}
	answer, err := labelv1.NewAuthorityServiceClient(by.conn).ChangeRegistry(m.ctx, &labelv1.ChangeRegistryRequest{Request: signed})
	if err == nil && answer.GetWaiting() != nil {
		err = fmt.Errorf("%s of %s waits for another person", r.Act, r.About())
	}
	return err
}

// submit registers an example device, sends its picture, and submits its report
// and declaration, each signed by its party and written to a file besides.
func (m *demo) submit(name string, lab, maker *party) (device string, err error) {
	e, err := example.Load(labels.FS, name, label.DateOf(m.now()))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(m.path(name+".device.json"), e.Descriptor, 0o644); err != nil {
		return "", err
	}
	reg, err := labelv1.NewSubmissionServiceClient(maker.conn).RegisterDevice(m.ctx, &labelv1.RegisterDeviceRequest{Descriptor_: e.Descriptor})
	if err != nil {
		return "", err
	}
	m.say("\nregistered the %s as %s", e.Device.Name, reg.GetDevice())
	if _, err := labelv1.NewSubmissionServiceClient(maker.conn).AddPicture(m.ctx, &labelv1.AddPictureRequest{Device: reg.GetDevice(), Picture: e.Picture}); err != nil {
		return "", err
	}
	for _, s := range []struct {
		by        *party
		kind      string
		predicate any
		what      string
	}{
		{lab, label.TypeTestReport, e.Report, "report"},
		{maker, label.TypeDeclaration, e.Declaration, "declaration"},
	} {
		bundle, err := seal(s.by.signer, e.Descriptor, s.kind, s.predicate)
		if err != nil {
			return "", err
		}
		file := m.path(name + "." + s.what + ".json")
		if err := os.WriteFile(file, bundle, 0o644); err != nil {
			return "", err
		}
		r, err := labelv1.NewSubmissionServiceClient(s.by.conn).SubmitStatement(m.ctx, &labelv1.SubmitStatementRequest{Statement: bundle})
		if err != nil {
			return "", err
		}
		m.say("accepted the %s of %s, %s", s.what, s.by.id, r.GetSubmission().GetStatement().GetId())
	}
	return reg.GetDevice(), nil
}

// seal signs a predicate about a device, as a Sigstore bundle.
func seal(s *envelope.Signer, descriptor []byte, kind string, predicate any) ([]byte, error) {
	stmt, err := label.NewStatement("device.json", label.DigestOf(descriptor), kind, predicate)
	if err != nil {
		return nil, err
	}
	return sealed(s, stmt)
}

// sealed signs a statement, as a Sigstore bundle.
func sealed(s *envelope.Signer, stmt *label.Statement) ([]byte, error) {
	env, err := s.Seal(stmt)
	if err != nil {
		return nil, err
	}
	return envelope.Bundle(env)
}

// request asks for a level and prints what that came to.
func (m *demo) request(maker *party, name, device string, level int32) (*labelv1.RequestLabelResponse, error) {
	api := labelv1.NewLabelServiceClient(maker.conn)
	judged, err := api.EvaluateDevice(m.ctx, &labelv1.EvaluateDeviceRequest{Device: device, Level: level})
	if err != nil {
		return nil, fmt.Errorf("evaluating the %s: %w", name, err)
	}
	m.say("\nlevel %d for the %s, by %s version %s:\n", level, name, judged.GetDecision().GetScheme(), judged.GetDecision().GetSchemeVersion())
	printFindings(m.out, judged.GetDecision().GetLevels()[level-1])
	r, err := api.RequestLabel(m.ctx, &labelv1.RequestLabelRequest{Device: device, Level: level})
	if err != nil {
		return nil, fmt.Errorf("requesting level %d for the %s: %w", level, name, err)
	}
	if r.GetLabel() == nil {
		m.say("\nno label: the %s reaches level %d. What is missing for level %d:", name, r.GetDecision().GetReached(), level)
		for _, g := range r.GetDecision().GetMissing() {
			if g.GetKind() == "rule" {
				m.say("  - %s", g.GetText())
			} else {
				m.say("  - %s: %s", g.GetText(), strings.Join(g.GetItems(), ", "))
			}
		}
	}
	return r, nil
}

// words for findings, so that a table does not rest on colour.
var findingWords = map[labelv1.FindingState]string{
	labelv1.FindingState_FINDING_STATE_MET:            "met",
	labelv1.FindingState_FINDING_STATE_UNMET:          "UNMET",
	labelv1.FindingState_FINDING_STATE_UNDETERMINED:   "open",
	labelv1.FindingState_FINDING_STATE_NOT_APPLICABLE: "n/a",
}

// byWords say on whose word a finding rests.
var byWords = map[string]string{"declaration": "manufacturer", "lab": "lab", "authority": "ruling", "none": "-"}

func printFindings(out io.Writer, l *labelv1.LevelResult) {
	p := terminal.NewPage(terminal.Width(out))
	var rows [][]string
	for _, f := range l.GetFindings() {
		rows = append(rows, []string{strconv.Itoa(int(f.GetLevel())), findingWords[f.GetState()], f.GetTitle(), byWords[f.GetBy()]})
	}
	p.Table([]string{"LEVEL", "FINDING", "CRITERION", "SHOWN BY"}, rows)
	_, _ = out.Write(p.Bytes()) // nobody is left to tell
}

// finish prints the label, its code, and what to try next.
func (m *demo) finish(s *labelv1.LabelSummary) error {
	id := label.ID(s.GetId())
	code, err := qr.New(qr.Payload(m.url, id))
	if err != nil {
		return err
	}
	picture := code.Blocks()
	if f, ok := m.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		picture = code.Terminal()
	}
	p := terminal.NewPage(terminal.Width(m.out))
	p.Line("\nlabel: %s\nurl: %s\n", id.Pretty(), s.GetUrl())
	p.Raw(picture)
	p.Line("\ntry next, in another terminal:\n")
	for _, command := range m.commands(id) {
		p.Command("  ", command)
	}
	p.Line("\nserving until interrupted")
	_, err = m.out.Write(p.Bytes())
	return err
}

// commands are what to try next: in the programme's directory, so that what they write
// goes away with it.
func (m *demo) commands(id label.ID) []string {
	ctl, build := labelctl()
	list := []string{"cd " + quoted(m.dir)}
	if build != "" {
		list = append(list, build)
	}
	return append(list,
		"export LABELCTL_URL="+m.url+" LABELCTL_SERVER="+m.grpc,
		ctl+" trust --out trust.json",
		ctl+" verify "+id.Pretty()+" --trust trust.json",
		ctl+" label show "+id.Pretty(),
		ctl+" evaluate plug.device.json --level 2 --key maker.key --as "+demoMaker,
		ctl+" org list --key "+daemon.OperatorKey+" --as "+demoAuthority,
		"curl "+m.url+"/l/"+id.Pretty()+".json",
	)
}

// labelctl returns how the labelctl that belongs to this program is called from the
// directory of the programme, and the command that builds it there first, where it is
// to be found nowhere: after "go run", or where only labeld was built.
func labelctl() (ctl, build string) {
	if self, err := os.Executable(); err == nil && !gone(self) {
		beside := filepath.Join(filepath.Dir(self), "labelctl")
		if found, err := exec.LookPath("labelctl"); err == nil && found == beside {
			return "labelctl", ""
		}
		if _, err := os.Stat(beside); err == nil {
			return quoted(beside), ""
		}
	}
	if dir := source(); dir != "" {
		return "./labelctl", "go build -C " + quoted(dir) + ` -o "$PWD" ./cmd/labelctl`
	}
	return "labelctl", "" // of whatever version is installed
}

// source returns the directory with the source of both programs, where the program was
// started in it.
func source() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "cmd", "labelctl", "main.go")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// quoted writes a path for a shell.
func quoted(path string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+:@%,", r)
	}
	if strings.TrimFunc(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// gone reports whether a program was built by "go run", and is nowhere to be found.
func gone(program string) bool { return strings.Contains(filepath.ToSlash(program), "/go-build") }
