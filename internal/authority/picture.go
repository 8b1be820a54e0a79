package authority

import (
	"context"
	"errors"

	"labeld/internal/label"
	"labeld/internal/meter"
	"labeld/internal/store"
)

// AddPicture records the picture that a registered device's descriptor names,
// and returns its media type. The second result says whether it was known.
//
// It takes no signature of its own: the descriptor, which everything signed is
// about, names the file by its digest.
func (a *Evidence) AddPicture(ctx context.Context, c Caller, device label.Digest, file []byte) (mediaType string, known bool, err error) {
	err = a.act(ctx, c, label.ActAddPicture, device.String(), func(x *act) (err error) {
		mediaType, known, err = a.addPicture(x, device, file)
		return err
	})
	return mediaType, known, err
}

func (a *Evidence) addPicture(x *act, device label.Digest, file []byte) (mediaType string, known bool, err error) {
	c := x.caller
	d, err := a.device(device)
	if err != nil {
		return "", false, err
	}
	if d.Org != c.Org && !c.Is(label.RoleOperator) {
		return "", false, label.Errorf(label.Denied, label.ReasonNotYours, "device", "the device is of manufacturer %q, the caller is %q", d.Org, c.Org)
	}
	var desc label.Device
	if err := label.Decode(d.Descriptor, &desc); err != nil {
		return "", false, err
	}
	if desc.Picture.IsZero() {
		return "", false, label.Errorf(label.Precondition, label.ReasonUnknownPicture, "device",
			"its descriptor names no picture; one that does is another device, to be registered anew")
	}
	if known, err = a.hasPicture(desc.Picture); err != nil || known && label.DigestOf(file) == desc.Picture {
		return label.PictureType(file), known, err
	}
	if err := a.intake(c, len(file)); err != nil {
		return "", false, err
	}
	if err := a.store.View(func(v *store.View) error { // outside of the writer, which has no time for it
		_, err := a.countPictures(v, d.Org)
		return err
	}); err != nil {
		return "", false, err
	}
	if mediaType, err = a.checkPicture(x.ctx, c, desc.Picture, file); err != nil {
		return "", false, err
	}
	defer a.writer.begin()()
	there := false
	err = x.do([]string{claimf("picture/%s", desc.Picture)}, func(v *store.View, b *batch) error {
		if there = v.HasPicture(desc.Picture); !there {
			if err := a.usePicture(v, c, d.Org); err != nil {
				return err
			}
			b.Add(&store.Picture{Digest: desc.Picture, File: file})
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	return mediaType, there, nil
}

// How many pictures are decoded at a time, since each takes up to 60 MB, and how many
// of one organization and of all may wait for that.
const (
	decoders       = 2
	waitingPerOrg  = 16
	waitingDecodes = 64
)

// checkPicture requires that a file is the picture with a digest, and fit to be
// one. Only who may send it has it decoded, which takes up to half a second
// ([label.CheckPicture]): of each organization one at a time, and organizations by
// turns, so that none waits for all that another sends.
func (a *Evidence) checkPicture(ctx context.Context, c Caller, want label.Digest, file []byte) (mediaType string, err error) {
	if len(file) <= label.MaxPicture {
		if got := label.DigestOf(file); got != want {
			return "", label.Errorf(label.Invalid, label.ReasonWrongPicture, "picture",
				"its SHA-256 is %s, the descriptor names %s; send that file, or register a descriptor that names this one", got, want)
		}
	}
	leave, err := a.decoding.Enter(ctx, c.Org)
	switch {
	case errors.Is(err, meter.ErrBusy):
		return "", label.Errorf(label.Unavailable, label.ReasonBusy, "picture", "too many pictures are being checked, at most %d of %s wait at a time; send this one again in a few seconds", waitingPerOrg, c.Org)
	case err != nil:
		return "", gone(ctx)
	}
	defer leave()
	return label.CheckPicture(file)
}

// Picture returns a picture by its digest, and its media type. What is not the
// file that a descriptor named is not served. It is public.
func (a *Evidence) Picture(digest label.Digest) (file []byte, mediaType string, err error) {
	err = a.store.View(func(v *store.View) (err error) {
		file, err = v.Picture(digest)
		return err
	})
	if err != nil {
		return nil, "", found(err, label.ReasonUnknownPicture, "picture", "no picture with SHA-256 %s is here", digest)
	}
	if got := label.DigestOf(file); got != digest {
		a.log.Error("a stored picture is not the one that was sent", "want", digest, "got", got)
		return nil, "", label.Errorf(label.Internal, label.ReasonInternal, "picture", "the stored picture is damaged and is not served; the operator has been told")
	}
	return file, label.PictureType(file), nil
}

func (a *Evidence) hasPicture(digest label.Digest) (here bool, err error) {
	err = a.store.View(func(v *store.View) error {
		here = v.HasPicture(digest)
		return nil
	})
	return here, err
}

// Pictured reports whether the picture that a device's descriptor names is here.
func (a *Evidence) Pictured(d *store.Device) (here bool, err error) {
	var desc label.Device
	if err := label.Decode(d.Descriptor, &desc); err != nil {
		return false, err
	}
	return a.hasPicture(desc.Picture)
}

// pictured forgets the labels whose picture has arrived, so that they are read
// again: there are few pictures, and labels that are remembered are few.
func (a *Publishing) pictured(digest label.Digest) {
	for _, id := range a.published.Keys() {
		if p, ok := a.published.Peek(id); ok && p.Label.Device.Picture == digest {
			a.published.Remove(id)
		}
	}
}
