package nocloud

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadsWhatToolsWrite(t *testing.T) {
	for _, tool := range tools {
		t.Run(tool.name, func(t *testing.T) {
			want := content()
			if strings.HasPrefix(tool.name, "cloud-localds") {
				delete(want, Keys) // it takes no other files
			}
			drive, err := Read("/dev/sr0", bytes.NewReader(tool.make(t, want)))
			if err != nil {
				t.Fatal(err)
			}
			if drive == nil {
				t.Fatal("it is not recognized")
			}
			if diff := cmp.Diff(want, drive.Files); diff != "" {
				t.Errorf("files read of %v (-want +got):\n%s", drive, diff)
			}
			if fat := strings.Contains(tool.script, "vfat"); fat != (drive.FileSystem == "vfat") {
				t.Errorf("file system %s", drive.FileSystem)
			}
		})
	}
}
