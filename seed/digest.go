package seed

import (
	"crypto/sha256"
	"encoding/hex"

	"twinlb/seed/strict"
)

// Digest names a seed: the first 12 hexadecimal digits of the SHA-256 of its
// user-data. Compressed or not it has the same one.
func Digest(userData []byte) string {
	if text, problems := strict.Unpack(userDataFile, userData); problems == nil {
		userData = text
	}
	return hexSHA256(userData)[:12]
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
