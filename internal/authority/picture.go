package authority

import (
	"context"

	"labeld/internal/label"
	"labeld/internal/store"
)

// AddPicture records the picture that a registered device's descriptor names,
// and returns its media type. The second result says whether it was known.
//
// It takes no signature of its own: the descriptor, which everything signed is
// about, names the file by its digest.
func (a *Authority) AddPicture(ctx context.Context, c Caller, device label.Digest, file []byte) (mediaType string, known bool, err error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return "", false, err
	}
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
	if mediaType, err = a.checkPicture(desc.Picture, file); err != nil {
		return "", false, err
	}
	defer a.writer.begin()()
	there := false
	err = a.writer.do(ctx, []string{claimf("picture/%s", desc.Picture)}, func(v *store.View, b *store.Batch) error {
		if there = v.HasPicture(desc.Picture); !there {
			b.Pictures = append(b.Pictures, store.Picture{Digest: desc.Picture, File: file})
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	return mediaType, there, nil
}

// checkPicture requires that a file is the picture with a digest, and fit to be
// one. Only who may send it has it decoded, and only one at a time.
func (a *Authority) checkPicture(want label.Digest, file []byte) (mediaType string, err error) {
	if len(file) <= label.MaxPicture {
		if got := label.DigestOf(file); got != want {
			return "", label.Errorf(label.Invalid, label.ReasonWrongPicture, "picture",
				"its SHA-256 is %s, the descriptor names %s; send that file, or register a descriptor that names this one", got, want)
		}
	}
	a.decoding.Lock()
	defer a.decoding.Unlock()
	return label.CheckPicture(file)
}

// Picture returns a picture by its digest, and its media type. What is not the
// file that a descriptor named is not served. It is public.
func (a *Authority) Picture(digest label.Digest) (file []byte, mediaType string, err error) {
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

// Pictured reports whether the picture that a device's descriptor names is here.
func (a *Authority) Pictured(d *store.Device) (here bool, err error) {
	var desc label.Device
	if err := label.Decode(d.Descriptor, &desc); err != nil {
		return false, err
	}
	err = a.store.View(func(v *store.View) error {
		here = v.HasPicture(desc.Picture)
		return nil
	})
	return here, err
}

// pictured forgets the labels whose pictures have arrived, so that they are read
// again: there are few pictures, and labels that are remembered are few.
func (a *Authority) pictured(list []store.Picture) {
	arrived := map[label.Digest]bool{}
	for i := range list {
		arrived[list[i].Digest] = true
	}
	for _, id := range a.published.Keys() {
		if p, ok := a.published.Peek(id); ok && arrived[p.Label.Device.Picture] {
			a.published.Remove(id)
		}
	}
}
