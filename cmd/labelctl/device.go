package main

import (
	"context"

	"github.com/spf13/cobra"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
)

func deviceCommand(c *ctl) *cobra.Command {
	return group("device", "Describe and register devices",
		`A device descriptor names one device model: manufacturer, brand, model, category,
hardware revision, trade item numbers (GTINs), and what else belongs to the
product. The SHA-256 of its canonical JSON is the digest by which everything
signed refers to it, so another byte is another device.`,
		"  labelctl device register camera.yaml\n  labelctl device canonical camera.yaml --out camera.json",
		deviceCanonicalCommand(c), deviceRegisterCommand(c), deviceShowCommand(c))
}

// A deviceFile is a descriptor as JSON.
type deviceFile struct {
	Device     string        `json:"device"` // digest
	Descriptor *label.Device `json:"descriptor"`
	File       string        `json:"file,omitempty"`
}

func deviceCanonicalCommand(c *ctl) *cobra.Command {
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
			return c.deviceBytes(d, b, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write to")
	return cmd
}

// deviceBytes hands out the exact bytes of a descriptor: to a file, or alone on
// standard output.
func (c *ctl) deviceBytes(d *label.Device, b []byte, out string) error {
	digest := label.DigestOf(b).String()
	if out == "" && c.output == "text" {
		_, err := c.stdout.Write(b) // a newline would change the digest
		return err
	}
	if out != "" {
		if err := writeFile(out, b); err != nil {
			return err
		}
	}
	return c.show(deviceFile{digest, d, out}, func(p *page) { p.line("device %s in %s", digest, out) })
}

func deviceRegisterCommand(c *ctl) *cobra.Command {
	return &cobra.Command{
		Use:   "register FILE",
		Short: "Register a device",
		Long: `Register the descriptor in a YAML or JSON file and print its digest. The caller
must be the manufacturer it names. Registering it again is no error.`,
		Example: "  labelctl device register camera.yaml --key maker.key --as northlight",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, b, err := c.descriptor(args[0])
			if err != nil {
				return err
			}
			conn, err := c.caller(cmd.Context())
			if err != nil {
				return err
			}
			defer conn.Close()
			r, err := labelv1.NewSubmissionServiceClient(conn).RegisterDevice(cmd.Context(), &labelv1.RegisterDeviceRequest{Descriptor_: b})
			if err != nil {
				return err
			}
			return c.show(r, func(p *page) {
				p.line("%s", r.GetDevice())
				if r.GetKnown() {
					c.note("was registered before, on %s", day(r.GetRegistered()))
				}
			})
		},
	}
}

func deviceShowCommand(c *ctl) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "show DIGEST",
		Short:   "Fetch a registered descriptor, byte for byte",
		Long:    "Fetch the descriptor of a registered device and write its exact bytes to standard\noutput or to --out, so that a lab can sign against them.",
		Example: "  labelctl device show 5f7c... --out camera.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			digest, err := label.ParseDigest(args[0])
			if err != nil {
				return usagef("DIGEST: %v", err)
			}
			d, b, err := c.fetchDevice(cmd.Context(), digest)
			if err != nil {
				return err
			}
			return c.deviceBytes(d, b, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write to")
	return cmd
}

// fetchDevice asks the service for a descriptor, and believes the digest only.
func (c *ctl) fetchDevice(ctx context.Context, digest label.Digest) (*label.Device, []byte, error) {
	conn, err := c.caller(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	r, err := labelv1.NewSubmissionServiceClient(conn).GetDevice(ctx, &labelv1.GetDeviceRequest{Device: digest.String()})
	if err != nil {
		return nil, nil, err
	}
	b := r.GetDescriptor_()
	if got := label.DigestOf(b); got != digest {
		return nil, nil, label.Errorf(label.Internal, label.ReasonInternal, "device", "the service answered with another device, %s", got)
	}
	d, err := label.ParseDevice(b)
	return d, b, err
}

// device returns the descriptor that an argument means: a digest, which is
// fetched, or a file.
func (c *ctl) device(ctx context.Context, arg string) (*label.Device, []byte, error) {
	if digest, err := label.ParseDigest(arg); err == nil {
		return c.fetchDevice(ctx, digest)
	}
	return c.descriptor(arg)
}

// digest returns the digest of the device that an argument means, without
// asking anybody.
func (c *ctl) digest(arg string) (string, error) {
	if _, err := label.ParseDigest(arg); err == nil {
		return arg, nil
	}
	_, b, err := c.descriptor(arg)
	return label.DigestOf(b).String(), err
}
