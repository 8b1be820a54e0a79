package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
)

// What is named by its SHA-256 may be named by the beginning of it, as tables
// show it: wherever the service has a list that the caller may read. Where it has
// none, the error says where the whole digest stands.

const (
	digestDigits = 2 * len(label.Digest{})
	minPrefix    = 8 // of a beginning
)

// isDigest reports whether an argument is a whole digest.
func isDigest(arg string) bool {
	_, err := label.ParseDigest(arg)
	return err == nil
}

// digestPrefix returns an argument as the beginning of a digest, if it can be one.
func digestPrefix(arg string) (string, bool) {
	arg = strings.ToLower(arg)
	other := strings.IndexFunc(arg, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
	return arg, other < 0 && len(arg) >= minPrefix && len(arg) < digestDigits
}

// findByPrefix returns the one of several digests that begins so. Name is that of the
// argument, and lists says where the digests come from.
func findByPrefix(name, begins string, digests []string, lists string) (string, error) {
	found := slices.DeleteFunc(slices.Clone(digests), func(d string) bool { return !strings.HasPrefix(d, begins) })
	slices.Sort(found)
	switch found = slices.Compact(found); len(found) {
	case 0:
		return "", hintf(label.Errorf(label.NotFound, label.ReasonUnknownSubject, "", "%s: none has a SHA-256 that begins with %s", name, begins), "%s", lists)
	case 1:
		return found[0], nil
	}
	return "", usagef("%s: %d have a SHA-256 that begins with %s; give more of it", name, len(found), begins)
}

// requireWhole refuses the beginning of a digest that no list has; where says where the
// whole of it is found.
func requireWhole(name, arg, where string) error {
	if isDigest(arg) {
		return nil
	}
	return usagef("%s: %q is not a whole SHA-256, which has %d lower-case digits; %s", name, arg, digestDigits, where)
}

// requireKeyID refuses the beginning of a key's ID: what ends a key for ever should
// name all of it, and it is at hand.
func requireKeyID(id string) error {
	return requireWhole("KEYID", id, "\"labelctl org show ORGANIZATION\" and \"labelctl key show FILE\" print it whole")
}

// records are the devices and statements that the service has on record and the
// caller may read.
type records struct{ *session }

func (s *session) records() records { return records{s} }

// deviceDigest returns the digest of the device that an argument means: a file with the
// descriptor, or the digest, or the beginning of it.
func (c records) deviceDigest(ctx context.Context, arg string) (string, error) {
	if isDigest(arg) {
		return arg, nil
	}
	if begins, ok := digestPrefix(arg); ok {
		if _, err := os.Stat(arg); errors.Is(err, os.ErrNotExist) {
			return c.findDevice(ctx, begins)
		}
	}
	_, b, err := c.descriptor(arg)
	return label.DigestOf(b).String(), err
}

// findDevice looks for a device whose digest begins so, among those that the caller has
// registered and those of its statements.
func (c records) findDevice(ctx context.Context, begins string) (string, error) {
	statements, err := c.submissions(ctx, "")
	if err != nil {
		return "", err
	}
	registered, err := c.devices(ctx, "")
	if e, ok := errors.AsType[*serviceError](err); ok && (e.code == codes.PermissionDenied || e.code == codes.InvalidArgument) {
		err = nil // only a manufacturer has devices
	}
	if err != nil {
		return "", err
	}
	var devices []string
	for _, s := range statements {
		devices = append(devices, s.GetDevice())
	}
	for _, d := range registered {
		devices = append(devices, d.GetDevice())
	}
	return findByPrefix("DEVICE", begins, devices,
		"there is no such file either, and only devices that you registered or made statements about can be named by the beginning of the digest; for whole digests, use \"labelctl device list --manufacturer ID --output json\", \"labelctl label list\" with the same flags for labelled devices, or \"labelctl device canonical FILE --output json\" for a descriptor")
}

// statement returns the digest of the statement that an argument means: whole, or
// the beginning of one about a device.
func (c records) statement(ctx context.Context, arg, device string) (label.Digest, error) {
	arg = strings.TrimSpace(arg)
	begins, ok := digestPrefix(arg)
	if ok && device != "" && !isDigest(arg) {
		about, err := c.deviceDigest(ctx, device)
		if err != nil {
			return label.Digest{}, err
		}
		statements, err := c.submissions(ctx, about)
		if err != nil {
			return label.Digest{}, err
		}
		var ids []string
		for _, s := range statements {
			ids = append(ids, s.GetStatement().GetId())
		}
		if arg, err = findByPrefix("STATEMENT", begins, ids, "\"labelctl submissions --device DEVICE\" lists those about the device; a ruling is named by its whole digest"); err != nil {
			return label.Digest{}, err
		}
	}
	if err := requireWhole("STATEMENT", arg, "to give the beginning, name its device with --device; \"labelctl submissions --device DEVICE --output json\" has the whole"); err != nil {
		return label.Digest{}, err
	}
	if device != "" && isDigest(arg) {
		if err := c.checkAbout(ctx, arg, device); err != nil {
			return label.Digest{}, err
		}
	}
	return label.ParseDigest(arg)
}

// checkAbout refuses a statement or ruling that is named whole, where it is not about the
// device that is named beside it.
func (c records) checkAbout(ctx context.Context, id, device string) error {
	about, err := c.deviceDigest(ctx, device)
	if err != nil {
		return err
	}
	statements, err := c.submissions(ctx, about)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if s.GetStatement().GetId() == id && !s.GetOtherDevice() {
			return nil
		}
	}
	api, conn, err := clientAs(ctx, c.session, labelv1.NewAppealServiceClient)
	if err != nil {
		return err
	}
	defer conn.Close()
	trails, err := allDecisions(ctx, api, &labelv1.ListDecisionsRequest{Device: about, PageSize: pageSize})
	if err != nil {
		return err
	}
	for _, t := range trails {
		if t.GetRuling().GetId() == id {
			return nil
		}
	}
	return usagef("--device: no statement or ruling %s is about device %s; leave out --device if you give the whole SHA-256", short(id), short(about))
}

// submissions fetches the statements of the caller, or all about a device.
func (c records) submissions(ctx context.Context, device string) (list []*labelv1.Submission, err error) {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewSubmissionServiceClient)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return listAll(func(token string) ([]*labelv1.Submission, string, error) {
		r, err := api.ListSubmissions(ctx, &labelv1.ListSubmissionsRequest{Device: device, PageSize: pageSize, PageToken: token})
		return r.GetSubmissions(), r.GetNextPageToken(), err
	})
}

// devices fetches the devices of the caller, or of a manufacturer.
func (c records) devices(ctx context.Context, manufacturer string) (list []*labelv1.DeviceSummary, err error) {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewSubmissionServiceClient)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return listAll(func(token string) ([]*labelv1.DeviceSummary, string, error) {
		r, err := api.ListDevices(ctx, &labelv1.ListDevicesRequest{Manufacturer: manufacturer, PageSize: pageSize, PageToken: token})
		return r.GetDevices(), r.GetNextPageToken(), err
	})
}

// getDevice asks the service for a device, and believes the digest only.
func (c records) getDevice(ctx context.Context, digest label.Digest) (*label.Device, *labelv1.GetDeviceResponse, error) {
	api, conn, err := clientAs(ctx, c.session, labelv1.NewSubmissionServiceClient)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	r, err := api.GetDevice(ctx, &labelv1.GetDeviceRequest{Device: digest.String()})
	if err != nil {
		return nil, nil, err
	}
	if got := label.DigestOf(r.GetDescriptor_()); got != digest {
		return nil, nil, label.Errorf(label.Internal, label.ReasonInternal, "device", "the service answered with another device, %s", got)
	}
	d, err := label.ParseDevice(r.GetDescriptor_())
	return d, r, err
}

// device returns the descriptor that an argument means: a digest or the beginning
// of one, which is fetched, or a file.
func (c records) device(ctx context.Context, arg string) (*label.Device, []byte, error) {
	_, begins := digestPrefix(arg)
	if !begins && !isDigest(arg) {
		return c.descriptor(arg)
	}
	text, err := c.deviceDigest(ctx, arg)
	if err != nil {
		return nil, nil, err
	}
	digest, err := label.ParseDigest(text)
	if err != nil {
		return nil, nil, err
	}
	d, r, err := c.getDevice(ctx, digest)
	return d, r.GetDescriptor_(), err
}
