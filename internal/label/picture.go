package label

import (
	"bytes"
	"image"
	_ "image/jpeg" // the two formats
	_ "image/png"
)

// pictureTypes are the formats that a picture may have, by the bytes that it
// begins with.
var pictureTypes = []struct{ magic, mediaType string }{
	{"\x89PNG\r\n\x1a\n", "image/png"},
	{"\xff\xd8", "image/jpeg"},
}

// PictureType returns the media type of a picture by its content, or nothing
// where it is neither PNG nor JPEG.
func PictureType(file []byte) string {
	for _, t := range pictureTypes {
		if bytes.HasPrefix(file, []byte(t.magic)) {
			return t.mediaType
		}
	}
	return ""
}

// CheckPicture requires that a file can be the picture of a product, and returns
// its media type: a PNG or a JPEG, neither too large nor too small, that can be
// read to its end. What it is called does not matter.
//
// Reading one is bounded in time and memory before it begins: by its bytes, by its
// pixels, and by how many times a JPEG has the reader pass over them. The slowest of all takes half a second.
func CheckPicture(file []byte) (mediaType string, err error) {
	const field = "picture"
	if len(file) == 0 {
		return "", invalid(ReasonMissing, field, "is empty; send a PNG or JPEG file")
	}
	if len(file) > MaxPicture {
		return "", Errorf(TooLarge, ReasonTooLarge, field, "is %d bytes, at most %d are accepted; save it with fewer pixels, or as JPEG", len(file), MaxPicture)
	}
	if mediaType = PictureType(file); mediaType == "" {
		return "", invalid(ReasonUnknownType, field, "is neither PNG nor JPEG; save it as one of the two")
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return "", unreadable(field, err)
	}
	if c.Width > MaxPictureSide || c.Height > MaxPictureSide {
		return "", Errorf(TooLarge, ReasonTooLarge, field, "is %d by %d pixels, at most %d by %[3]d are accepted; scale it down", c.Width, c.Height, MaxPictureSide)
	}
	if c.Width < MinPictureSide || c.Height < MinPictureSide {
		return "", invalid(ReasonOutOfRange, field, "is %d by %d pixels, at least %d by %[3]d are needed; send a larger picture", c.Width, c.Height, MinPictureSide)
	}
	if n := scans(file); mediaType == "image/jpeg" && n > MaxPictureScans {
		return "", Errorf(TooLarge, ReasonTooLarge, field, "is a JPEG of %d scans, at most %d are accepted; save it as a baseline JPEG, or as PNG", n, MaxPictureScans)
	}
	if _, _, err := image.Decode(bytes.NewReader(file)); err != nil {
		return "", unreadable(field, err)
	}
	return mediaType, nil
}

// scans returns how many scans a JPEG has at most (ISO/IEC 10918-1, B.1.1: each
// begins with the marker SOS). The marker is looked for everywhere, also inside of
// other segments, where it may be by chance or belong to a thumbnail: that way it
// does not matter what a reader makes of segments that are not as they should be.
func scans(jpeg []byte) int { return bytes.Count(jpeg, []byte{0xff, 0xda}) }

// unreadable is the refusal of a file that is damaged or cut off.
func unreadable(field string, err error) error {
	return invalid(ReasonMalformed, field, "cannot be read to its end (%v); save it anew and send all of it", err)
}
