package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

func deviceCommand(s *session) *cobra.Command {
	c := deviceCommands{s}
	return group("device", "Describe and register devices",
		`A device descriptor names one device model: manufacturer, brand, model, category,
hardware revision, barcode numbers (GTINs), other parts of the product, and a picture.
Everything that is signed refers to the device by the SHA-256 of the descriptor's
canonical JSON, so a descriptor with any other byte is another device.`,
		"  labelctl device register camera.yaml\n  labelctl device canonical camera.yaml --out camera.json",
		deviceCanonicalCommand(c), deviceRegisterCommand(c), deviceListCommand(c), deviceShowCommand(c))
}

// deviceCommands describe and register devices.
type deviceCommands struct{ *session }

// A deviceFile is a descriptor as JSON.
type deviceFile struct {
	Device     string        `json:"device"` // digest
	Descriptor *label.Device `json:"descriptor"`
	File       string        `json:"file,omitempty"`
	Pictured   *bool         `json:"pictured,omitempty"` // of a registered device: whether its picture was sent
}

func deviceCanonicalCommand(c deviceCommands) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "canonical FILE",
		Short: "Write a descriptor in the form that is registered and signed",
		Long: `Check a descriptor in YAML or JSON and write it as canonical JSON (RFC 8785), to
standard output or to --out. Sign those exact bytes when you sign with cosign.
"-" reads standard input.`,
		Example: `  labelctl device canonical camera.yaml --out camera.json
  # with cosign, which would otherwise publish the report in a public log:
  cosign attest-blob --yes --use-signing-config=false --tlog-upload=false --key lab.key \
    --type https://labeld.dev/test-report/v1 --predicate report.json --bundle bundle.json camera.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, b, err := c.descriptor(args[0])
			if err != nil {
				return err
			}
			return c.writeBytes(deviceFile{Device: label.DigestOf(b).String(), Descriptor: d, File: out}, b)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write to")
	return cmd
}

// writeBytes writes the exact bytes of a descriptor to a file, or to standard output
// and nothing else with them.
func (c deviceCommands) writeBytes(f deviceFile, b []byte) error {
	if f.File == "" && c.output == "text" {
		return c.raw(b) // a newline would change the digest
	}
	if f.File != "" {
		if err := writeFile(f.File, b); err != nil {
			return err
		}
	}
	return c.show(f, func(p *terminal.Page) { p.Line("device %s in %s", f.Device, f.File) })
}

func deviceRegisterCommand(c deviceCommands) *cobra.Command {
	var picture string
	cmd := &cobra.Command{
		Use:   "register FILE",
		Short: "Register a device, and send its picture",
		Long: `Register the descriptor in a YAML or JSON file and print its digest. The caller
must be the manufacturer it names. Registering it again is no error.

--picture sends a picture of the product: a PNG or JPEG of up to 256 KiB, 64 to 2000
pixels wide and high. The descriptor names it by its SHA-256 (member picture), so
everything that is signed covers the picture too. If the descriptor names no picture,
the SHA-256 of the file is added before the device is registered. A descriptor with
another picture is another device.`,
		Example: `  labelctl device register camera.yaml --key maker.key --as northlight
  labelctl device register camera.yaml --picture camera.png`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if picture == "" {
				_, b, err := c.descriptor(args[0])
				if err != nil {
					return err
				}
				return c.register(cmd.Context(), b, nil)
			}
			b, file, err := c.withPicture(args[0], picture)
			if err != nil {
				return err
			}
			return c.register(cmd.Context(), b, file)
		},
	}
	cmd.Flags().StringVar(&picture, "picture", "", "`file` that shows the product, PNG or JPEG")
	return cmd
}

// withPicture reads a descriptor and a picture. The descriptor must name the picture;
// one that names none gets this one's SHA-256.
func (c deviceCommands) withPicture(path, picture string) (descriptor, file []byte, err error) {
	d, descriptor, err := c.descriptor(path)
	if err != nil {
		return nil, nil, err
	}
	if file, err = c.readFile(picture, label.MaxPicture); err != nil {
		return nil, nil, err
	}
	if _, err := label.CheckPicture(file); err != nil {
		return nil, nil, &placeError{picture, err}
	}
	switch digest := label.DigestOf(file); {
	case d.Picture.IsZero():
		d.Picture = digest
		descriptor, err = d.Canonical()
		c.note("%s names no picture, so it was registered with \"picture: %s\"; add that line to the file before you sign", path, digest)
	case d.Picture != digest:
		err = &placeError{path, label.Errorf(label.Invalid, label.ReasonWrongPicture, "picture",
			"names %s, the SHA-256 of %s is %s; give the picture that it names, or remove the member", d.Picture, picture, digest)}
	}
	return descriptor, file, err
}

// A registration is a registered device, and its picture if that was sent.
type registration struct {
	Device     string          `json:"device"` // digest
	Registered time.Time       `json:"registered"`
	Known      bool            `json:"known,omitempty"`
	Notes      []string        `json:"notes,omitempty"` // such as that operators were told of a device that looks like another's
	Picture    *pictureReceipt `json:"picture,omitempty"`
}

// A pictureReceipt is the service's answer to a picture.
type pictureReceipt struct {
	SHA256    string `json:"sha256"`
	MediaType string `json:"mediaType"`
	Known     bool   `json:"known,omitempty"`
}

// register registers a device, and sends its picture where there is one.
func (c deviceCommands) register(ctx context.Context, descriptor, picture []byte) error {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewSubmissionServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	r, err := api.RegisterDevice(ctx, &labelv1.RegisterDeviceRequest{Descriptor_: descriptor})
	if err != nil {
		return err
	}
	out := registration{Device: r.GetDevice(), Registered: r.GetRegistered().AsTime(), Known: r.GetKnown(), Notes: r.GetNotes()}
	if picture != nil {
		sent, err := api.AddPicture(ctx, &labelv1.AddPictureRequest{Device: r.GetDevice(), Picture: picture})
		if err != nil {
			return hintf(err, "the device %s is registered; run the command again to send its picture", r.GetDevice())
		}
		out.Picture = &pictureReceipt{sent.GetPicture(), sent.GetMediaType(), sent.GetKnown()}
	}
	return c.show(out, func(p *terminal.Page) {
		p.Line("%s", out.Device)
		if out.Known {
			c.note("had already been registered, on %s", day(r.GetRegistered()))
		}
		for _, n := range out.Notes {
			c.note("%s", n)
		}
		if out.Picture != nil && out.Picture.Known {
			c.note("its picture had already been sent")
		}
	})
}

func deviceListCommand(c deviceCommands) *cobra.Command {
	var manufacturer string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List registered devices, their labels, and open issues",
		Long: `List your registered devices by model number: each with its category, its barcode
numbers, the status of its labels, and what prevents it from getting one. Operators
must name the manufacturer. "labelctl hold list" explains a hold, and "labelctl
evaluate" lists what is missing for a level.`,
		Example: "  labelctl device list --key maker.key --as northlight\n  labelctl device list --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.records().devices(cmd.Context(), manufacturer)
			if err != nil {
				return err
			}
			return c.show(&labelv1.ListDevicesResponse{Devices: list}, func(p *terminal.Page) { writeDevices(p, list) })
		},
	}
	cmd.Flags().StringVar(&manufacturer, "manufacturer", "", "`ID` of the manufacturer (operators only)")
	return cmd
}

func writeDevices(p *terminal.Page, list []*labelv1.DeviceSummary) {
	var rows [][]string
	for _, d := range list {
		rows = append(rows, []string{short(d.GetDevice()), productName(d.GetBrand(), d.GetName()), d.GetModel(), d.GetCategory(),
			strings.Join(d.GetGtins(), ", "), labelsText(d), openText(d)})
	}
	p.Table([]string{"DEVICE", "NAME", "MODEL", "CATEGORY", "BARCODES", "LABEL", "OPEN"}, rows)
}

// labelsText says which labels a device has, or had last, and how they stand.
func labelsText(d *labelv1.DeviceSummary) string {
	var list []string
	for _, s := range d.GetLabels() {
		list = append(list, fmt.Sprintf("%s %s: %s", label.ID(s.GetId()).Pretty(), shortLevel(levelIn(s)), stateText(s)))
	}
	for _, id := range d.GetUnavailable() {
		list = append(list, label.ID(id).Pretty()+": cannot be shown now")
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, "; ")
}

// openText says what keeps a device from getting a label, and what else is open about it.
func openText(d *labelv1.DeviceSummary) string {
	var list []string
	for _, h := range d.GetHolds() {
		if h.GetUntil() != nil {
			list = append(list, "ON HOLD: an operator asks to revoke its label ("+h.GetReason()+")")
			continue
		}
		list = append(list, "ON HOLD: "+h.GetReason())
	}
	for _, id := range d.GetUncarried() {
		list = append(list, "label "+label.ID(id).Pretty()+" is not supported by its evidence")
	}
	if d.GetNeedsOperator() != "" {
		list = append(list, "NEEDS AN OPERATOR: same product in a category of higher risk")
	}
	for _, g := range d.GetMovedGtins() {
		list = append(list, "barcode "+g+" moved away")
	}
	if d.GetPictureMissing() {
		list = append(list, "picture not sent")
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, "; ")
}

func deviceShowCommand(c deviceCommands) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "show DIGEST",
		Short: "Fetch a registered descriptor, byte for byte",
		Long: `Fetch the descriptor of a registered device and write its exact bytes to standard
output or to --out, so that a lab can sign a report about them. A note says whether
the picture that it names was sent.`,
		Example: "  labelctl device show 5f7c... --out camera.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := args[0]
			if begins, ok := digestPrefix(text); ok {
				var err error
				if text, err = c.records().findDevice(cmd.Context(), begins); err != nil {
					return err
				}
			}
			digest, err := label.ParseDigest(text)
			if err != nil {
				return usagef("DIGEST: %v, or the beginning of one, at least %d", err, minPrefix)
			}
			d, r, err := c.records().getDevice(cmd.Context(), digest)
			if err != nil {
				return err
			}
			switch here := r.GetPictured(); {
			case d.Picture.IsZero():
				c.note("the descriptor names no picture")
			case here:
				c.note("the picture that it names was sent")
			default:
				c.note("the picture that it names was not sent; \"labelctl device register FILE --picture PICTURE\" sends it")
			}
			return c.writeBytes(deviceFile{Device: digest.String(), Descriptor: d, File: out, Pictured: new(r.GetPictured())}, r.GetDescriptor_())
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write to")
	return cmd
}
